import { open } from 'node:fs/promises'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { SottoError } from '../errors.js'

/** Bytes of a passphrase in a file, at most. */
const MAX_BYTES = 1_024

/** Where a person is: keys come from `input`, the question goes to `output`. */
export interface Desk {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream
}

const TERMINAL: Desk = { input: process.stdin, output: process.stderr }

/**
 * CL-3: the line that is typed at `desk`, without echo.
 *
 * @throws SottoError identity/file if nobody is there to type, nothing is typed, or it is given up
 */
export const askPassphrase = async (question: string, desk = TERMINAL): Promise<string> => {
  if (desk.input.isTTY !== true) throw none('expected a terminal to type it at, or --passphrase-file')
  desk.output.write(question)
  const line = await readSilently(desk.input)
  desk.output.write('\n')
  if (line === undefined || line === '') throw none('nothing was typed')
  return line
}

/** The same, asked for twice: nobody saw what was typed. */
export const askNewPassphrase = async (desk = TERMINAL): Promise<string> => {
  const first = await askPassphrase('Passphrase: ', desk)
  if ((await askPassphrase('Again: ', desk)) !== first) throw none('expected the same twice')
  return first
}

/**
 * CL-3: the one line of a file.
 *
 * @throws SottoError identity/file if it cannot be read or is not one line of 1 to 1,024 bytes in UTF-8
 */
export const readPassphrase = async (path: string): Promise<string> => {
  const text = await readText(path)
  const line = text.replace(/\r?\n$/, '')
  if (line === '' || /[\r\n]/.test(line)) throw none(`expected one line in ${path}`)
  return line
}

/** Where the passphrase of a key file comes from, if it is sealed: the file that an option names, or a person. */
export const passphraseFrom = (file: unknown) => (): Promise<string> =>
  typeof file === 'string' ? readPassphrase(file) : askPassphrase('Passphrase: ')

/** The next line, or undefined if there is none any more. */
const readSilently = (input: Desk['input']): Promise<string | undefined> =>
  new Promise((resolve) => {
    const output = new Writable({ write: (_chunk, _encoding, written) => written() })
    const reader = createInterface({ input, output, terminal: true, historySize: 0 })
    reader.once('line', (line) => {
      resolve(line)
      reader.close()
    })
    // Ctrl-C, Ctrl-D, or the end of the terminal.
    reader.once('close', () => resolve(undefined))
  })

const readText = async (path: string): Promise<string> => {
  try {
    await using file = await open(path, 'r')
    const bytes = new Uint8Array(MAX_BYTES + 3)
    const { bytesRead } = await file.read(bytes)
    if (bytesRead > MAX_BYTES + 2) throw none(`expected at most ${MAX_BYTES} bytes in ${path}`)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, bytesRead))
  } catch (cause) {
    throw cause instanceof SottoError ? cause : none(`expected a file of text to read: ${path}`, cause)
  }
}

const none = (why: string, cause?: unknown): SottoError<'identity/file'> =>
  SottoError.of('identity/file', `no passphrase: ${why}`, { cause })

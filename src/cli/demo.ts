import { AssertionError } from 'node:assert'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type Command, EXIT } from './command.js'
import { Report } from './demo/report.js'
import { onStage } from './demo/stage.js'
import { cutSession, wholeSession } from './demo/story.js'
import { painter } from './paint.js'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))

/** CL-6, CL-7: two processes, all that a session does, and what is reported of one that is cut. */
export const demo: Command = {
  usage: 'demo [FILE]',
  summary: 'Shows a session between two new processes, and sends FILE (the README if not said) through it.',
  options: {},
  run: async ({ positionals: [path, ...rest] }, terminal) => {
    if (rest.length > 0) return EXIT.usage
    const file = path === undefined ? README : resolve(path)
    const wrong = await unreadable(file)
    if (wrong !== undefined) {
      terminal.error(`sotto demo: ${wrong}`)
      return EXIT.usage
    }
    const report = new Report(terminal, painter(process.stdout))
    try {
      terminal.out(
        'Two processes that share nothing but a Unix socket. Each makes its own key and learns the id of the other.',
      )
      await onStage((stage) => wholeSession(stage, report, file))
      await onStage((stage) => cutSession(stage, report))
      report.title('All of this was checked, and held.')
    } catch (error) {
      // What the demo checks is its outcome; anything else is a defect of the demo.
      if (!(error instanceof AssertionError)) throw error
      report.fails(error.message)
      return EXIT.failed
    }
    return EXIT.ok
  },
}

/** What keeps `file` from being sent. */
const unreadable = async (file: string): Promise<string | undefined> => {
  try {
    // O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    return (await handle.stat()).isFile() ? undefined : `expected a file, found something else: ${file}`
  } catch (error) {
    // The name is the user's: whatever is wrong with it is told, not thrown.
    return `expected a file that can be read (${error instanceof Error ? error.message : String(error)})`
  }
}

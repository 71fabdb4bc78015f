import { SottoError } from '../errors.js'
import { EXIT, type Exit, type Terminal } from './command.js'

/** CL-1: runs `act` for the command `name`. What Sotto refuses is told and is a failure; anything else is a defect and is thrown. */
export const attempt = async (name: string, terminal: Terminal, act: () => Promise<void>): Promise<Exit> => {
  try {
    await act()
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof SottoError)) throw error
    terminal.error(`sotto ${name}: ${error.message}`)
    return EXIT.failed
  }
}

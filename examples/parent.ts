import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { client, generateIdentity, initiate } from 'sotto'
import { fromChild, readIdentity } from 'sotto/node'
import { Thermostat } from './thermostat.js'

const identity = generateIdentity()
const { id: childId } = await readIdentity('child.key')

const program = fileURLToPath(new URL('./child.js', import.meta.url))
const child = spawn(process.execPath, [program, identity.id], { stdio: ['pipe', 'pipe', 'inherit'] })

await using session = await initiate(fromChild(child), { identity, peer: childId, use: [Thermostat] })
const { celsius } = await client(session, Thermostat).read({ room: 'kitchen' })
console.log(`the child's kitchen: ${celsius} °C`)

/**
 * npm run trace -- [--json FILE] [--html FILE]
 *
 * Shows of each requirement of spec/ the lines of code that cite it, the tests named after it, and the vectors and the
 * cases of the conformance kit that are about it. Ends with 1 if any has less than it must.
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const { values } = parseArgs({ options: { json: { type: 'string' }, html: { type: 'string' } } })

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('report.ts', import.meta.url))],
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  write: false,
  // The files of the project are found from where test/source.ts is.
  define: { 'import.meta.url': JSON.stringify(new URL('../source.ts', import.meta.url).href) },
})
const script = Buffer.from(outputFiles[0].contents).toString('base64')
const { jsonOf, pageOf, project, textOf, traceOf } = await import(`data:text/javascript;base64,${script}`)

const files = project()
const trace = traceOf(files)
if (values.json !== undefined) await writeFile(values.json, jsonOf(trace))
if (values.html !== undefined) await writeFile(values.html, pageOf(files, trace))
if (values.json === undefined && values.html === undefined) process.stdout.write(textOf(trace))
else for (const gap of trace.gaps) console.error(`gap: ${gap}`)
process.exitCode = trace.gaps.length === 0 ? 0 : 1

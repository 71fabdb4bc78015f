/** What `npm run trace` is made of. */
export { pageOf } from './page.js'
export { project } from './project.js'
export { jsonOf, textOf } from './text.js'
export { traceOf } from './trace.js'

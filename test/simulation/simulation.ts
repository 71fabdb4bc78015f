/** What the tests take of the simulation, in one module: it is bundled with the engine that it runs (bundle.ts). */
export { campaign } from './campaign.js'
export { scriptOf } from './script.js'
export { shrink, violationOf } from './shrink.js'
export { World } from './world.js'

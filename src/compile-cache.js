// Preloaded by `npm start` (plain JavaScript: what strips the types of the rest must not be needed for it).
// What was compiled and stripped once is kept: a start takes half the time, and a process that finds all of
// it there never loads the compiler. Beside the packages, not in the machine's shared folder for temporary
// files, where others could put theirs; `npm ci` wipes it.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/scrip', import.meta.url)))

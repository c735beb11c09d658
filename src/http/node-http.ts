/**
 * `node:http`, without the client of WebSockets that an `import` of it reads along: three megabytes that
 * nobody here asks for.
 */
export const nodeHttp = process.getBuiltinModule('node:http')

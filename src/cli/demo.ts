import type { Applied } from '../world/apply.ts'

/** How to use a first start: every secret, once, and one working line for each dialect. */
export function describeDemo({ secrets }: Applied, url: string): string {
  const secret = (dialect: string): string =>
    secrets.find((entry) => entry.dialect === dialect)?.secret ?? ''
  return `
This is a first start. A merchant "demo" was made, with a few cards, an event and products.
These credentials are shown once and kept nowhere in the clear:

${secrets.map(({ name, secret: value }) => `  ${name.padEnd(12)} ${value}`).join('\n')}

Try, for each protocol:

  pretix      curl -H 'Authorization: Token ${secret('pretix')}' ${url}/api/v1/organizers/demo/giftcards/

`
}

/** An organizer (specs/pretix-vouchers.md 10.1); its public page would be here if there was a shop. */
export const encodeOrganizer = (
  { name, slug }: { readonly name: string; readonly slug: string },
  publicBase: string,
) => ({ name, slug, public_url: `${publicBase}/${slug}/` })

/** Orders and their payments: reading and writing are two permissions (specs/pretix-vouchers.md 2.2). */
export const needsOrders = ({ reads }: { readonly reads: boolean }): string =>
  reads ? 'event.orders:read' : 'event.orders:write'

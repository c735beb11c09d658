/** Older pretix permission names and what each grants today (specs/pretix-vouchers.md 0.1, 2.2). */
const OLDER: Readonly<Record<string, readonly string[]>> = {
  can_manage_gift_cards: ['organizer.giftcards:read', 'organizer.giftcards:write'],
  can_view_vouchers: ['event.vouchers:read'],
  can_change_vouchers: ['event.vouchers:write'],
  can_change_items: ['event.items:write'],
  can_change_event_settings: ['event.settings.general:write', 'event.subevents:write'],
  can_create_events: ['organizer.events:create'],
  can_view_orders: ['event.orders:read'],
  can_change_orders: ['event.orders:write'],
}

const KNOWN: ReadonlySet<string> = new Set([...Object.keys(OLDER), ...Object.values(OLDER).flat()])

/** Whether any call asks for a permission of this name; of the others most are misspelt. */
export const isAskedFor = (permission: string): boolean => KNOWN.has(permission)

/** Permissions by their newest names; those we do not know are kept as they are. */
export const newestNames = (permissions: readonly string[]): string[] => [
  ...new Set(permissions.flatMap((name) => OLDER[name] ?? [name])),
]

import type { EventFields } from '../../../commerce/catalogue.ts'
import { CURRENCIES } from '../../../money/currency.ts'
import { isZone } from '../../../money/zone.ts'
import { type Reading, readChoice, TEXT } from '../../../wire/fields.ts'
import type { JsonValue } from '../../../wire/json.ts'
import {
  type Decoded,
  decodeBody,
  flag,
  given,
  nullable,
  nullableOrEmpty,
  optional,
  readList,
  readObject,
  readOptionalTranslations,
  readSchedule,
  readTranslations,
  reference,
  required,
  shortText,
} from '../catalogue-fields.ts'

const SLUG = /^[A-Za-z0-9][A-Za-z0-9.-]+$/
const SLUG_LENGTH_MAX = 50

/** What an event is unless its creator says otherwise (specs/pretix-vouchers.md 10.1). */
export const EVENT_DEFAULTS = {
  currency: 'EUR',
  dateTo: undefined,
  dateAdmission: undefined,
  presaleStart: undefined,
  presaleEnd: undefined,
  live: false,
  testmode: false,
  isPublic: true,
  hasSubevents: false,
  location: undefined,
  metaData: '{}',
  seatingPlan: undefined,
  seatCategoryMapping: '{}',
  timezone: 'UTC',
  plugins: '[]',
} as const satisfies Partial<EventFields>

/** Reads POST, PUT and PATCH of an event; a new one cannot be live yet. */
export function decodeEvent(
  body: JsonValue,
  { partial, creating }: { readonly partial: boolean; readonly creating: boolean },
): Decoded<Partial<EventFields>> {
  return decodeBody(body, { partial }, (fields) => {
    const changes = given<EventFields>({
      name: fields.read('name', required(readTranslations)),
      slug: fields.read('slug', required(readSlug)),
      currency: fields.read(
        'currency',
        optional((input) => readChoice(input, CURRENCIES)),
      ),
      ...readSchedule(fields),
      live: fields.read('live', flag),
      testmode: fields.read('testmode', flag),
      isPublic: fields.read('is_public', flag),
      hasSubevents: fields.read('has_subevents', flag),
      location: fields.read('location', nullable(readOptionalTranslations)),
      metaData: fields.read('meta_data', optional(readObject)),
      seatingPlan: fields.read('seating_plan', nullableOrEmpty(reference(noSeatingPlan))),
      seatCategoryMapping: fields.read('seat_category_mapping', optional(readObject)),
      timezone: fields.read('timezone', optional(readTimezone)),
      plugins: fields.read('plugins', optional(readList)),
    })
    if (creating && changes.live)
      fields.addFault(
        'live',
        "Events cannot be created as 'live'. Quotas and payment must be added to the event before sales can go live.",
      )
    return changes
  })
}

/** Seating plans are not kept here, so that no id of one exists. */
export const noSeatingPlan = (): boolean => false

function readSlug(input: JsonValue): Reading<string> {
  const reading = shortText(SLUG_LENGTH_MAX)(input)
  if ('faults' in reading || SLUG.test(reading.value)) return reading
  return { faults: ['The slug may only contain letters, numbers, dots and dashes.'] }
}

function readTimezone(input: JsonValue): Reading<string> {
  const reading = shortText(100)(input)
  if ('faults' in reading || isTimezone(reading.value)) return reading
  return { faults: [TEXT.choice(reading.value)] }
}

// Intl takes offsets such as +01:00 too, which are no names of zones.
const isTimezone = (name: string): boolean =>
  /^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(name) && isZone(name)

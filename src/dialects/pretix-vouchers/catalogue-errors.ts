import type { CatalogueFault, CatalogueObstacle } from '../../commerce/catalogue-rules.ts'
import type { Outcome } from '../../services/catalogue.ts'
import type { Faults } from '../../wire/fields.ts'
import { detail, fail, invalid, notFound } from '../pretix/errors.ts'

/** What pretix says when a catalogue entry contradicts itself or its surroundings (10.1, 0.1). */
const FAULTS = {
  ends_before_start: { non_field_errors: ['The event cannot end before it starts.'] },
  presale_ends_before_start: {
    non_field_errors: ["The event's presale cannot end before it starts."],
  },
  slug_fixed: { slug: ['The event slug cannot be changed.'] },
  slug_taken: { slug: ['This slug has already been used for a different event.'] },
  series_fixed: {
    has_subevents: ['Once created an event cannot change between an series and a single event.'],
  },
  not_a_series: { non_field_errors: ['This event is not an event series.'] },
  category_of_other_event: {
    category: ["The item's category must belong to the same event as the item."],
  },
  unavailable_before_available: {
    non_field_errors: ["The item's availability cannot end before it starts."],
  },
  order_maximum_below_minimum: {
    non_field_errors: [
      'The maximum number per order can not be lower than the minimum number per order.',
    ],
  },
  quota_variation_without_item: {
    non_field_errors: ['All variations must belong to an item contained in the items list.'],
  },
  quota_item_of_other_event: {
    non_field_errors: ['One or more items do not belong to this event.'],
  },
  quota_item_without_variation: {
    non_field_errors: [
      'One or more items has variations but none of these are in the variations list.',
    ],
  },
  quota_subevent_missing: { non_field_errors: ['Subevent cannot be null for event series.'] },
  quota_subevent_of_other_event: {
    non_field_errors: ['The subevent does not belong to this event.'],
  },
  override_item_of_other_event: {
    non_field_errors: ['One or more items do not belong to this event.'],
  },
  override_variation_of_other_event: {
    non_field_errors: ['One or more variations do not belong to this event.'],
  },
} as const satisfies Record<CatalogueFault, Faults>

/** Why something is kept (0.1, 0.2, 7, 12); what is not there at all is the resource's own 404. */
const OBSTACLES = {
  event_in_use:
    "The event can not be deleted as it already contains orders or vouchers. Please set 'live' to false to hide the event and prevent anyone from placing orders.",
  item_ordered:
    'This item cannot be deleted because it has already been ordered by a user or currently is in a users\'s cart. Please set the item as "inactive" instead.',
  variation_ordered:
    "This variation cannot be deleted because it has already been ordered by a user or currently is in a users's cart. Please set the variation as 'inactive' instead.",
  variation_is_last:
    'This variation cannot be deleted because it is the only variation. Changing a product with variations to a product without variations is not allowed.',
  item_has_no_variations:
    'This variation cannot be created because the item does not have variations. Changing a product without variations to a product with variations is not allowed.',
  voucher_points_to_it:
    'This cannot be deleted because a voucher that can still be used refers to it.',
  subevent_ordered:
    "The sub-event can not be deleted as it has already been used in orders. Please set 'active' to false instead to hide it from users.",
  subevent_in_use: 'The sub-event can not be deleted because a voucher or a quota refers to it.',
} as const satisfies Record<Exclude<CatalogueObstacle, 'not_found'>, string>

/** The 404 of a well-formed id that this caller does not see; `model` is pretix's name of the thing. */
export const noMatch = (model: string): never =>
  fail(notFound(`No ${model} matches the given query.`))

/** What was done; or ends the exchange with 400, 403 or 404. */
export function settle<T>(outcome: Outcome<T>, model: string): T {
  if ('done' in outcome) return outcome.done
  if ('fault' in outcome) return fail(invalid(FAULTS[outcome.fault]))
  if (outcome.obstacle === 'not_found') return noMatch(model)
  return fail(detail(403, OBSTACLES[outcome.obstacle]))
}

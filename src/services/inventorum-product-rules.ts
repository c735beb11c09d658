import { netOf } from '../commerce/inventorum-prices.ts'
import { validityValueMax } from '../commerce/inventorum-validity.ts'
import { type Decimal, decimal } from '../money/decimal.ts'
import type { Instant } from '../money/instant.ts'
import type { PriceDraft, ProductChanges, TemplateDraft } from './inventorum-commands.ts'
import { denyIfAny, type ShopProblem } from './inventorum-problems.ts'
import type { ProductRow, Template } from './inventorum-product-rows.ts'

/** The net price that was sent, or the one that gives the gross price that was sent. */
export function netPrice({ net, gross }: PriceDraft, rate: Decimal): Decimal {
  if (net !== undefined) return net
  return gross === undefined ? decimal(0) : netOf(gross, rate)
}

/** Rules across the fields of a new template, all that are broken (specs/inventorum.md 2.1). */
export function templateProblems(
  template: TemplateDraft,
  quantity: Decimal,
  rate: Decimal,
  now: Instant,
): readonly ShopProblem[] {
  const { purpose, isPrecoded } = template
  return [
    ...(isPrecoded && quantity.units !== 0n ? [{ code: 'precoded_with_stock' } as const] : []),
    ...(purpose === 'single' && rate.units === 0n
      ? [{ code: 'single_purpose_untaxed' } as const]
      : []),
    ...(purpose === 'multi' && rate.units !== 0n ? [{ code: 'multi_purpose_taxed' } as const] : []),
    ...validityProblems(template, now),
  ]
}

/** A template needs a date, or a unit and a value that stay within the year 9999. */
function validityProblems(template: Template, now: Instant): readonly ShopProblem[] {
  const { validUntil, validUnit, validValue } = template
  if (validUntil !== undefined) return []
  if (validValue === undefined) return [{ code: 'validity_missing', part: 'value' }]
  const max = validityValueMax(validUnit, now)
  return validValue > max ? [{ code: 'validity_too_long', max }] : []
}

/** What a product is after a partial update; refuses a template that is left without validity. */
export function applyChanges(
  product: ProductRow,
  changes: ProductChanges,
  rate: Decimal,
  now: Instant,
): ProductRow {
  const template = product.template && changedTemplate(product.template, changes)
  if (template) denyIfAny(validityProblems(template, now))
  return {
    ...product,
    name: changes.name ?? product.name,
    description: changes.description ?? product.description,
    taxTypeId: changes.taxTypeId ?? product.taxTypeId,
    rate,
    net: changes.price ? netPrice(changes.price, rate) : product.net,
    purchasePrice: changes.purchasePrice ?? product.purchasePrice,
    customPrice: changes.customPrice ?? product.customPrice,
    productCode: changes.productCode ? changes.productCode.to : product.productCode,
    ean: changes.ean ? changes.ean.to : product.ean,
    quantity: changes.quantity ?? product.quantity,
    reorderLevel: changes.reorderLevel ?? product.reorderLevel,
    safetyStock: changes.safetyStock ?? product.safetyStock,
    template,
  }
}

const changedTemplate = (template: Template, changes: ProductChanges): Template => ({
  ...template,
  validUntil: changes.validUntil ? changes.validUntil.to : template.validUntil,
  validUnit: changes.validUnit ?? template.validUnit,
  validValue: changes.validValue ? changes.validValue.to : template.validValue,
})

import multipart from '@fastify/multipart'
import type { Dialect } from '../../http/dialect.ts'
import { addCategories } from './categories/routes.ts'
import { addGiftCards } from './gift-cards/routes.ts'
import { addImageFiles, addImages } from './images/routes.ts'
import { addImportFiles } from './imports/files.ts'
import { addImports } from './imports/routes.ts'
import { addInfo } from './info/routes.ts'
import { addIssuedCards } from './issued-cards/routes.ts'
import { addReceiptFiles } from './orders/files.ts'
import { addOrders } from './orders/routes.ts'
import { addPrecoded } from './pre-coded/routes.ts'
import { addProducts } from './products/routes.ts'
import { createShell } from './shell.ts'
import { addTaxes } from './taxes/routes.ts'

/** Inventorum coreAPI: a till's shop around its gift cards; its page is README.md. */
export const inventorum: Dialect = {
  name: 'inventorum',
  register: async (app, context) => {
    await app.register(multipart)
    const add = createShell(app, context)
    addGiftCards(add)
    addPrecoded(add)
    addImports(add)
    addOrders(add)
    addIssuedCards(add)
    addProducts(add)
    addCategories(add)
    addImages(add)
    addInfo(add)
    addImportFiles(app, context)
    addImageFiles(app, context)
    addReceiptFiles(app, context)
    addTaxes(add)
  },
}

import { foodics } from './protocols.ts'
import { describeDialect } from './suite.ts'

describeDialect('Foodics', foodics)

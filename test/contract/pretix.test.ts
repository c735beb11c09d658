import { pretix } from './protocols.ts'
import { describeDialect } from './suite.ts'

describeDialect('pretix', pretix)

import { inventorum } from './protocols.ts'
import { describeDialect } from './suite.ts'

describeDialect('Inventorum', inventorum)

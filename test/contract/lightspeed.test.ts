import { lightspeed } from './protocols.ts'
import { describeDialect } from './suite.ts'

describeDialect('LightSpeed OnSite', lightspeed)

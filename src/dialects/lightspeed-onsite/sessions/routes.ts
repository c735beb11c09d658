import { element } from '../../../wire/xml.ts'
import { type Resources, xml } from '../shell.ts'
import { reference } from '../wire.ts'

/** Who is logged in, and the connectivity probe (specs/lightspeed-onsite.md 9.1, 9.2). */
export const sessions: Resources = {
  '': { GET: async () => xml(200, element('resources')) },
  'sessions/current': {
    GET: async ({ base, caller }) =>
      xml(
        200,
        element('session', { uri: `${base}sessions/current/`, id: 'current', full_render: true }, [
          reference('user', base, caller.userId),
        ]),
      ),
  },
  'sessions/current/logout': {
    // The shell ends the session before it would come here: a logout needs none of its own.
    POST: async () => {
      throw new Error('a logout that the shell did not see')
    },
  },
}

import { readFile } from 'node:fs/promises'

/** The operating system user that PostgreSQL runs as; it refuses to run as root. */
export type Account = { readonly uid: number; readonly gid: number; readonly name: string }

const PREFERRED = ['postgres', 'nobody']

/** True when this process may act for anybody, and therefore must not run PostgreSQL as itself. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/**
 * Who runs the cluster: nobody else than ourselves (`undefined`), or, for root, whoever already owns
 * its files, so that the same data folder can be used as root today and as that user tomorrow, else
 * an existing unprivileged user.
 */
export async function chooseAccount(
  owner: { readonly uid: number; readonly gid: number } | undefined,
): Promise<Account | undefined> {
  if (!isRoot()) return undefined
  if (owner !== undefined && owner.uid !== 0) return { ...owner, name: `uid ${owner.uid}` }
  const users = await listUsers()
  for (const name of PREFERRED) {
    const user = users.find((user) => user.name === name && user.uid !== 0)
    if (user !== undefined) return user
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and this machine has neither a user "postgres" nor a user "nobody": start Scrip as an ordinary user, or give it a server with DATABASE_URL.',
  )
}

async function listUsers(): Promise<Account[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => /^\d+$/.test(fields[2] ?? '') && /^\d+$/.test(fields[3] ?? ''))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
}

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const scryptAsync = promisify<string, Buffer, number, Buffer>(scrypt)

/** Compared with where there is no user, so that the answer takes as long and does not tell. */
export const NO_PASSWORD = `scrypt$${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(32).toString('base64')}`

/** Salted scrypt, as `scrypt$salt$hash` in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await scryptAsync(password, salt, 32)
  return `scrypt$${salt.toString('base64')}$${hash.toString('base64')}`
}

/** Whether a password is the one of a stored `scrypt$salt$hash`; takes the same time either way. */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  const [scheme, salt = '', hash = ''] = stored.split('$')
  const expected = Buffer.from(hash, 'base64')
  if (scheme !== 'scrypt' || expected.length === 0) return false
  const actual = await scryptAsync(password, Buffer.from(salt, 'base64'), expected.length)
  return timingSafeEqual(actual, expected) && stored !== NO_PASSWORD
}

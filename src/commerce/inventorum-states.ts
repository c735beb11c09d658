/** States of an order: flags of one number (specs/inventorum.md 7.1). */
export const DRAFT = 1
export const PENDING = 2
export const CANCELED = 4
const CLOSED = 8
const REFUNDED = 16
const SHIPPED = 32
const DELIVERED = 64
const PAID = 256

/** Paid, delivered, shipped and closed, all at once: 360. */
export const COMPLETED = PAID + DELIVERED + SHIPPED + CLOSED
/** Every line given back: 376. */
export const FULLY_REFUNDED = COMPLETED + REFUNDED

/** Cards can be attached and removed, and the order can be paid or cancelled. */
export const isOpen = (state: number): boolean => state === DRAFT || state === PENDING

/** It has an invoice number, payments and a receipt. */
export const isCompleted = (state: number): boolean => (state & PAID) !== 0

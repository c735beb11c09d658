import type { Readable } from 'node:stream'
import { TextDecoder } from 'node:util'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { FileError } from './package.ts'

/** What a reader of one part wants to hear; names come without their namespace's prefix. */
export type PartListener = {
  readonly open: (name: string, attributes: Readonly<Record<string, string>>) => void
  readonly close?: (name: string) => void
  readonly text?: (text: string) => void
}

const DEPTH_MAX = 64
/** No tag or text of a workbook is longer; what is would have to be kept in memory whole. */
const SILENCE_MAX = 1024 * 1024

/**
 * Reads one XML part as it is unpacked. Refuses (FileError) what is not well-formed, any document type
 * and with it every entity but XML's five, absurd depth and absurd length of a single tag or text.
 */
export async function readPart(part: Readable, listener: PartListener): Promise<void> {
  try {
    const parser = createParser(listener)
    let decoder: TextDecoder | undefined
    for await (const chunk of part as AsyncIterable<Buffer>) {
      decoder ??= decoderOf(chunk)
      parser.write(decoder.decode(chunk, { stream: true }))
    }
    parser.close(decoder?.decode() ?? '')
  } catch (error) {
    throw error instanceof FileError ? error : new FileError('not_a_workbook')
  }
}

function createParser(listener: PartListener): {
  write: (text: string) => void
  close: (rest: string) => void
} {
  const parser = new SaxesParser({ xmlns: false, position: false })
  let depth = 0
  let silence = 0
  parser.on('error', (error) => {
    throw error
  })
  parser.on('doctype', () => {
    throw new FileError('not_a_workbook')
  })
  parser.on('opentag', ({ name, attributes }: SaxesTagPlain) => {
    silence = 0
    depth += 1
    if (depth > DEPTH_MAX) throw new FileError('not_a_workbook')
    listener.open(localName(name), attributes)
  })
  parser.on('closetag', ({ name }) => {
    silence = 0
    depth -= 1
    listener.close?.(localName(name))
  })
  const onText = (text: string): void => {
    silence = 0
    listener.text?.(text)
  }
  parser.on('text', onText)
  parser.on('cdata', onText)
  return {
    write(text) {
      parser.write(text)
      silence += text.length
      if (silence > SILENCE_MAX) throw new FileError('not_a_workbook')
    },
    close(rest) {
      parser.write(rest)
      parser.close()
    },
  }
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1)

/** UTF-8 unless a byte order mark says UTF-16: XML has to tell, and Office writes nothing else. */
function decoderOf(start: Buffer): TextDecoder {
  const mark = start.subarray(0, 2).toString('hex')
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding, { fatal: true })
}

import { open, readFile } from 'node:fs/promises'
import {
  type ActsProof,
  type ChainProof,
  describe,
  type Language,
  parsePublicKeys,
  type ReadableFile,
  type Report,
  readAnchorsIn,
  readCertificates,
  verifyExport,
} from '@farwatch/evidence'
import { FarwatchError } from '@farwatch/model'
import type { VerifyOptions } from './evidence-options.ts'

/** Verifies an export and says what is proven; sets exit code 1 where anything is wrong. */
export async function verify({ file, keys, roots, anchors, json, language }: VerifyOptions): Promise<void> {
  const trusted = keys === undefined ? undefined : parsePublicKeys(await readFile(keys, 'utf8'))
  const authorities = roots === undefined ? [] : readCertificates(await readFile(roots, 'utf8'))
  const { readable, close } = await openFile(file)
  try {
    const report = await verifyExport(readable, trusted, {
      roots: authorities,
      ...(anchors === undefined ? {} : { anchors: await readAnchorsIn(anchors) }),
    })
    const text = json ? jsonOf(report, language) : `${linesOf(report, language).join('\n')}\n`
    process.stdout.write(text)
    if (!report.sound) process.exitCode = 1
  } finally {
    await close()
  }
}

async function openFile(path: string): Promise<{ readable: ReadableFile; close: () => Promise<void> }> {
  const file = await open(path, 'r').catch((cause) => {
    throw new FarwatchError('bad-usage', `${path} cannot be read`, { cause })
  })
  const { size } = await file.stat()
  const read = async (offset: number, length: number) => {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
    return buffer.subarray(0, bytesRead)
  }
  return { readable: { size, read }, close: () => file.close() }
}

function jsonOf(report: Report, language: Language): string {
  const findings = report.findings.map((finding) => ({ ...finding, text: describe(finding, language) }))
  return `${JSON.stringify({ ...report, findings }, undefined, 2)}\n`
}

/** The report for people. */
function linesOf(report: Report, language: Language): string[] {
  const zh = language === 'zh'
  const { counts, trusted, keys, findings, moreFindings, selection } = report
  const asked = Object.entries(selection ?? {}).map(([name, value]) => `${name} ${value}`)
  const lines = [
    zh ? `导出时间：${report.madeAt ?? '未知'}` : `Exported at ${report.madeAt ?? 'an unknown time'}`,
    ...(asked.length === 0 ? [] : [zh ? `范围：${asked.join('，')}` : `Selection: ${asked.join(', ')}`]),
    zh
      ? `已核验：${counts.batches} 个批次、${counts.plainRecords} 条中心封存的记录、${counts.readings} 个读数、${counts.losses} 份损失声明`
      : `Verified: ${counts.batches} batches, ${counts.plainRecords} records sealed by the centre, ${counts.readings} readings, ${counts.losses} declarations of loss`,
    ...(counts.links === 0
      ? []
      : [
          zh
            ? `另有 ${counts.links} 个批次只有签名的首部：不在范围内，或收到时被中心拒绝。`
            : `${counts.links} more batches are here by their signed header only: outside the selection, or refused by the centre.`,
        ]),
    ...(trusted
      ? [zh ? '公钥：由您提供。' : 'Public keys: those you gave.']
      : [
          zh
            ? '公钥取自文件包本身。请与监管中心公布的指纹比对，否则只能证明文件包前后一致：'
            : "Public keys: the export's own. Compare these fingerprints with what the centre publishes; without that, only that the export agrees with itself is proven:",
          ...keys.map(({ name, keyId, owner }) => `  ${keyId}  ${owner} ${name}`),
        ]),
    ...(report.acts === undefined ? [] : [actsLine(report.acts, zh)]),
    ...report.chains.map((chain) => chainLine(chain, zh)),
    ...report.chains.flatMap((chain) => anchorLine(chain, report, zh)),
  ]
  if (findings.length === 0) {
    return [
      ...lines,
      ...(zh ? limitsZh : limitsEn)(report),
      zh ? '完好：没有发现改动。' : 'Sound: nothing was changed.',
    ]
  }
  const count = findings.length + moreFindings
  return [
    ...lines,
    zh ? `不完好：${count} 处问题：` : `Not sound, ${count} findings:`,
    ...findings.map((finding) => `  ${describe(finding, language)}`),
    ...(moreFindings > 0 ? [zh ? `  另有 ${moreFindings} 处` : `  and ${moreFindings} more`] : []),
  ]
}

function actsLine({ acts, from, to, anchored }: ActsProof, zh: boolean): string {
  const covered =
    anchored &&
    (zh
      ? `，至第 ${anchored.seq} 号在 ${anchored.day} 的锚定之中`
      : `; up to ${anchored.seq} anchored on ${anchored.day}`)
  return zh
    ? `操作日志：${acts} 条，第 ${from} 至 ${to} 号${covered ?? ''}`
    : `Log of acts: ${acts} acts, ${from} to ${to}${covered ?? ''}`
}

function chainLine(proof: ChainProof, zh: boolean): string {
  const { gateway, chain, from, to, whole, fromBeginning, declared, skipped } = proof
  const ranges = (all: ChainProof['declared']) => all.map(([a, b]) => `${a}–${b}`).join(', ')
  const parts = zh
    ? [
        gateway === undefined ? `中心封存链 ${chain}：` : `网关 ${gateway} 链 ${chain}：`,
        whole ? `第 ${from} 至 ${to} 号完整` : `第 ${from} 至 ${to} 号，有缺失`,
        fromBeginning ? '，自链首起' : '，此前的不在其中',
        declared.length > 0 ? `，网关声明丢失 ${ranges(declared)}` : '',
        skipped.length > 0 ? `，未选入 ${ranges(skipped)}` : '',
      ]
    : [
        gateway === undefined
          ? `Seals of the centre, chain ${chain}: `
          : `Gateway ${gateway}, chain ${chain}: `,
        whole ? `complete from ${from} to ${to}` : `from ${from} to ${to}, with holes`,
        fromBeginning ? ', from its beginning' : ', what came before is not here',
        declared.length > 0 ? `, declared lost by the gateway ${ranges(declared)}` : '',
        skipped.length > 0 ? `, left out by the selection ${ranges(skipped)}` : '',
      ]
  return parts.join('')
}

/** The newest anchor of a chain: all before it existed then. */
function anchorLine({ gateway, chain }: ChainProof, { anchors }: Report, zh: boolean): string[] {
  const newest = anchors.findLast((one) => one.gateway === gateway && one.chain === chain)
  if (newest === undefined) return []
  const { seq, day, stamped } = newest
  const time = stamped && new Date(stamped.timeMs).toISOString()
  const who = gateway ?? (zh ? '中心封存' : 'seals')
  if (zh) {
    const by = stamped ? `，${stamped.authority} 证明在 ${time} 之前已存在` : ''
    return [`锚定：${who} 链 ${chain} 至第 ${seq} 号在 ${day} 的锚定之中${by}`]
  }
  const by = stamped ? `; existed before ${time}, says ${stamped.authority}` : ''
  return [`Anchored: ${who}, chain ${chain}, up to ${seq}, on ${day}${by}`]
}

function limitsEn({ chains, selection }: Report): string[] {
  const sealed = chains.some(({ gateway }) => gateway === undefined)
  return [
    'Not proven: that nothing came after the last of each chain (only an anchor outside shows that).',
    ...(sealed
      ? [
          'Not proven: what devices without a gateway really measured; the centre has sealed what it received.',
        ]
      : []),
    ...(selection?.point === undefined
      ? []
      : ["Not proven: that no batch held more of this point; that would need its neighbours' data."]),
  ]
}

function limitsZh({ chains, selection }: Report): string[] {
  const sealed = chains.some(({ gateway }) => gateway === undefined)
  return [
    '不能证明：每条链的最后一项之后没有其他内容（只有外部锚定能证明）。',
    ...(sealed ? ['不能证明：没有网关的设备实际测得了什么；中心封存的是它收到的内容。'] : []),
    ...(selection?.point === undefined
      ? []
      : ['不能证明：其他批次中没有该点的更多读数；那需要相邻点的数据。']),
  ]
}

import type { Finding, FindingCode } from './finding.ts'

export type Language = 'en' | 'zh'

type Words = (finding: Said) => string

/** A finding with its places put into words. */
interface Said {
  /** `batch GW-E01/0123…/417`, `seal 0123…/12 record 5`, or empty. */
  readonly place: string
  /** The reading, the point or the place, whichever is closest. */
  readonly what: string
  readonly entry: string
  readonly found: string
  readonly expected: string
  readonly field: string
  readonly detail: string
  /** Sequences in words. */
  readonly range: string
  /** The act or acts, with the time where it is known. */
  readonly act: string
}

const english: Readonly<Record<FindingCode, Words>> = {
  'act-altered': ({ act, detail }) => `${act} was changed after it was signed${detail}`,
  'act-added': ({ act, detail }) => `${act} was added: the log of acts has no place for it${detail}`,
  'act-removed': ({ act }) => `${act} was taken out of the log of acts`,
  'act-reordered': ({ act, detail }) => `${act} stands in another order than it was done in${detail}`,
  'act-broken': ({ act, detail }) => `${act} does not follow the act that stands before it${detail}`,
  'act-unreadable': ({ act }) => `${act} cannot be read`,
  'act-damaged': ({ act }) => `${act} is damaged on the disk`,
  'act-anchor-contradicted': ({ act, detail }) =>
    `${act} is not the one that was anchored: the log of acts was written anew${detail}`,
  'act-anchor-beyond': ({ act, detail }) =>
    `${act} cut off: the log of acts was longer when it was anchored${detail}`,
  'act-line': ({ act, entry }) => `${act}: the line in ${entry} is not what was signed`,
  'act-line-missing': ({ act, entry }) => `${act} is missing from ${entry}`,
  container: ({ detail, entry }) => `the ZIP itself was changed: ${detail} ${entry}`,
  'entry-missing': ({ entry }) => `${entry} is missing`,
  'entry-added': ({ entry }) => `${entry} was added: the manifest does not know it`,
  'entry-changed': ({ entry }) => `${entry} was changed: it is not what the manifest says`,
  manifest: ({ entry }) => `${entry} cannot be understood`,
  'manifest-signature': ({ entry, detail }) =>
    `${entry}: the manifest is not what the centre signed ${detail}`,
  'manifest-counts': ({ field, found, expected }) =>
    `the manifest says ${found} ${field}, there are ${expected}`,
  'key-log': ({ entry, range, detail }) => `${entry}: the key directory was changed${range}: ${detail}`,
  'unknown-key': ({ what, found, entry }) =>
    `${what || entry} is signed with key ${found}, which is not known or not trusted`,
  'revoked-key': ({ what, detail }) => `${what}: ${detail}`,
  'retired-key': ({ what, detail }) => `${what}: ${detail}`,
  signature: ({ what, entry }) => `${what || entry}: the signature does not match`,
  'altered-reading': ({ what, field, found, expected }) =>
    `${what}: ${field === 'value' ? '' : `${field}: `}the file says ${found}, signed is ${expected}`,
  'altered-series': ({ what }) => `${what}: these readings are not those that were signed`,
  'altered-batch': ({ place, what }) =>
    `${place}: its readings are not those that were signed${what === place ? '' : `; the files first differ at ${what}`}`,
  'altered-record': ({ what }) => `${what}: this is not what was sealed`,
  'altered-seal': ({ place }) => `${place}: its records are not those that were sealed`,
  'bad-proof': ({ what }) => `${what}: its proof was changed`,
  'damaged-frame': ({ place, entry }) =>
    `${entry}: bytes around ${place} were changed; what it holds is sound`,
  unreadable: ({ entry }) => `${entry}: an item cannot be read`,
  'broken-chain': ({ place }) => `${place} does not fit what stands beside it in its chain`,
  repeated: ({ place }) => `${place} was added: its place in the chain is taken`,
  order: ({ place }) => `${place} stands in another order than it came in`,
  hole: ({ place, range }) => `${place}: ${range} missing, and nobody has declared their loss`,
  'chain-cut': ({ place, range }) => `${place}: ${range} cut off: the manifest says they are here`,
  'chain-added': ({ place, range }) => `${place}: ${range} added: the manifest says nothing of them`,
  anchor: ({ entry, detail }) => `${entry}: ${detail}`,
  'anchor-contradicted': ({ place, detail }) =>
    `${place} is not the one that was anchored on ${detail}: the chain was written anew`,
  'anchor-beyond': ({ place, range, detail }) =>
    `${place}: ${range} cut off: the chain was longer when it was anchored on ${detail}`,
  'csv-value': ({ what, entry, field, found, expected }) =>
    field === 'line'
      ? `${what}: the line in ${entry} reads "${found}", expected "${expected}"`
      : `${what}: ${field === 'value' ? '' : `${field}: `}${entry} says ${found}, signed is ${expected}`,
  'csv-missing': ({ what, entry, expected }) => `${what} is missing from ${entry}: signed is ${expected}`,
  'csv-added': ({ what, entry, found, detail }) =>
    `${what}: ${entry} says ${found}, ${detail ? 'and no original in the export proves it' : 'which was never signed'}`,
  'csv-repeated': ({ what, entry }) => `${what} stands in ${entry} twice`,
  'csv-order': ({ entry }) => `${entry}: the lines stand in another order`,
  'csv-form': ({ entry, found, expected }) =>
    `${entry}: a line cannot be understood: "${found}"${expected && `, expected "${expected}"`}`,
}

const chinese: Readonly<Record<FindingCode, Words>> = {
  'act-altered': ({ act, detail }) => `${act}在签名之后被改动${detail}`,
  'act-added': ({ act, detail }) => `${act}是后加的：操作日志中没有它的位置${detail}`,
  'act-removed': ({ act }) => `${act}被从操作日志中取走`,
  'act-reordered': ({ act, detail }) => `${act}的顺序与发生时不同${detail}`,
  'act-broken': ({ act, detail }) => `${act}与其前一条操作不衔接${detail}`,
  'act-unreadable': ({ act }) => `${act}无法读取`,
  'act-damaged': ({ act }) => `${act}在磁盘上已损坏`,
  'act-anchor-contradicted': ({ act, detail }) => `${act}与锚定时的不是同一条：操作日志被重写过${detail}`,
  'act-anchor-beyond': ({ act, detail }) => `${act}被截去：锚定时操作日志更长${detail}`,
  'act-line': ({ act, entry }) => `${act}：${entry} 中的该行不是签名的内容`,
  'act-line-missing': ({ act, entry }) => `${entry} 中缺少${act}`,
  container: ({ detail, entry }) => `ZIP 文件结构被改动：${detail} ${entry}`,
  'entry-missing': ({ entry }) => `缺少 ${entry}`,
  'entry-added': ({ entry }) => `${entry} 是后加的：清单中没有它`,
  'entry-changed': ({ entry }) => `${entry} 被改动：与清单不符`,
  manifest: ({ entry }) => `${entry} 无法识读`,
  'manifest-signature': ({ entry, detail }) => `${entry}：清单不是监管中心签名的内容 ${detail}`,
  'manifest-counts': ({ field, found, expected }) => `清单称 ${field} 为 ${found}，实际为 ${expected}`,
  'key-log': ({ entry, range, detail }) => `${entry}：密钥目录被改动${range}：${detail}`,
  'unknown-key': ({ what, found, entry }) => `${what || entry} 由密钥 ${found} 签名，该密钥未知或不受信任`,
  'revoked-key': ({ what, detail }) => `${what}：签名密钥已撤销（${detail}）`,
  'retired-key': ({ what, detail }) => `${what}：签名密钥已停用（${detail}）`,
  signature: ({ what, entry }) => `${what || entry}：签名不符`,
  'altered-reading': ({ what, field, found, expected }) =>
    `${what}：${field === 'value' ? '' : `${field} `}文件中为 ${found}，签名的是 ${expected}`,
  'altered-series': ({ what }) => `${what}：这些读数不是签名时的读数`,
  'altered-batch': ({ place, what }) =>
    `${place}：读数不是签名时的读数${what === place ? '' : `；首个不一致处：${what}`}`,
  'altered-record': ({ what }) => `${what}：与封存的内容不符`,
  'altered-seal': ({ place }) => `${place}：记录与封存的内容不符`,
  'bad-proof': ({ what }) => `${what}：其证明被改动`,
  'damaged-frame': ({ place, entry }) => `${entry}：${place} 周围的字节被改动，其内容完好`,
  unreadable: ({ entry }) => `${entry}：有一项无法读取`,
  'broken-chain': ({ place }) => `${place} 与链中相邻的批次不衔接`,
  repeated: ({ place }) => `${place} 是后加的：链中该位置已被占用`,
  order: ({ place }) => `${place} 的顺序与收到时不同`,
  hole: ({ place, range }) => `${place}：缺少${range}，且无人声明其丢失`,
  'chain-cut': ({ place, range }) => `${place}：${range}被截去：清单称其在内`,
  'chain-added': ({ place, range }) => `${place}：${range}是后加的：清单中没有`,
  anchor: ({ entry, detail }) => `${entry}：${detail}`,
  'anchor-contradicted': ({ place, detail }) => `${place} 与 ${detail} 锚定的不是同一项：该链被重写过`,
  'anchor-beyond': ({ place, range, detail }) => `${place}：${range} 被截去：${detail} 锚定时该链更长`,
  'csv-value': ({ what, entry, field, found, expected }) =>
    field === 'line'
      ? `${what}：${entry} 中该行为“${found}”，应为“${expected}”`
      : `${what}：${field === 'value' ? '' : `${field} `}${entry} 中为 ${found}，签名的是 ${expected}`,
  'csv-missing': ({ what, entry, expected }) => `${entry} 中缺少 ${what}：签名的是 ${expected}`,
  'csv-added': ({ what, entry, found, detail }) =>
    `${what}：${entry} 中为 ${found}，${detail ? '导出中没有证明它的原始数据' : '从未被签名'}`,
  'csv-repeated': ({ what, entry }) => `${what} 在 ${entry} 中出现两次`,
  'csv-order': ({ entry }) => `${entry}：各行顺序被改动`,
  'csv-form': ({ entry, found, expected }) =>
    `${entry}：有一行无法识读：“${found}”${expected && `，应为“${expected}”`}`,
}

/** A finding as a sentence, bytes of the offending text escaped. */
export function describe(finding: Finding, language: Language): string {
  const zh = language === 'zh'
  const { gateway, chain, seq, toSeq, index, point, time, line, offset } = finding
  const of = gateway === undefined ? (zh ? '封存' : 'seal') : zh ? '批次' : 'batch'
  const name = [gateway, chain, toSeq === undefined ? seq : undefined]
    .filter((part) => part !== undefined)
    .join('/')
  const record = index === undefined ? '' : zh ? ` 第 ${index} 条` : ` record ${index}`
  const place =
    chain === undefined ? '' : toSeq === undefined ? `${of} ${name}${record}` : chainName(name, zh)
  const reading =
    point === undefined
      ? place
      : zh
        ? `${place}中 ${point}${time ? ` ${time}` : ''} 的读数`
        : `reading of ${point}${time ? ` at ${time}` : 's'} in ${place}`
  const where =
    line !== undefined
      ? zh
        ? ` 第 ${line} 行`
        : ` line ${line}`
      : offset !== undefined
        ? zh
          ? ` 字节 ${offset}`
          : ` byte ${offset}`
        : ''
  const range =
    seq === undefined
      ? ''
      : toSeq === undefined
        ? zh
          ? `（第 ${seq} 条）`
          : ` (entry ${seq})`
        : zh
          ? `第 ${seq} 至 ${toSeq} 号`
          : `${seq} to ${toSeq}`
  const { found, expected, field, code } = finding
  const detail = code.startsWith('act-') && finding.detail ? ` (${finding.detail})` : finding.detail
  const [none, entry] = [zh ? '无值' : 'no value', `${finding.entry ?? ''}${where}`]
  const said = {
    act: actName(finding, zh),
    ...{ place, what: reading, entry, range, field: field ?? '', detail: detail ?? '' },
    ...{ found: found === '' ? none : (found ?? ''), expected: expected === '' ? none : (expected ?? '') },
  }
  return printable((zh ? chinese : english)[code](said).trim())
}

function actName({ seq, toSeq, time }: Finding, zh: boolean): string {
  const number = toSeq === undefined ? `${seq ?? '?'}` : zh ? `${seq} 至 ${toSeq}` : `${seq} to ${toSeq}`
  if (zh) return `第 ${number} 号操作${time ? `（${time}）` : ''}`
  return `${toSeq === undefined ? 'act' : 'acts'} ${number}${time ? ` of ${time}` : ''}`
}

function chainName(name: string, zh: boolean): string {
  return zh ? `链 ${name}` : `chain ${name}`
}

/** What was changed may hold escape sequences: they must do nothing to a terminal. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  )
}

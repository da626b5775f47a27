/** `README.txt` of every export. */
export const exportReadme = `远望 Farwatch：证据导出
====================

本文件包是由监管中心从收到的原始数据中导出的证据。任何人都可以离线核验，无需连接平台，也无需信任平台：

  farwatch verify 文件.zip --keys 公钥文件.json

公钥文件由监管中心用 "farwatch keys list --public" 打印，请通过其他途径（而不是随本文件包）取得。
不带 --keys 时，核验使用文件包内的公钥，并显示其指纹供比对。

  manifest.json     导出了什么：范围、数量、每个文件的 SHA-256；manifest.cose 是监管中心的签名
  keys.cbor         密钥目录：每个密钥何时启用、更换、撤销，一条签名的链
  evidence/*.fwe    原始数据：网关签名的批次、损失声明、中心的封存
  anchors.cbor      监管中心每日的锚定中与这些链有关的部分，以及第三方时间戳（如有）
  acts/*.fwe        操作日志：谁做了什么，每条由监管中心签名并成链；acts/*.jsonl 供人阅读（如有）
  readings/*.csv    同样的读数，供人阅读；核验时逐行与原始数据比对

格式说明：Farwatch 仓库中的 docs/evidence.md。

Farwatch: an export of evidence
===============================

A supervision centre has made this from the originals as it received them. Anybody can verify it offline, without the platform
and without trusting it:

  farwatch verify FILE.zip --keys KEYS.json

The centre prints the public keys with "farwatch keys list --public"; get them on another way than this file. Without --keys
those in this file are used and their fingerprints shown, for you to compare.

  manifest.json     what was exported: selection, counts, SHA-256 of each file; manifest.cose is the centre's signature
  keys.cbor         the key directory: when each key came, was replaced, was revoked; a signed chain
  evidence/*.fwe    the originals: batches that gateways signed, declarations of loss, the centre's seals
  anchors.cbor      what the centre's daily anchors say of these chains, with a third party's timestamps (where there are any)
  acts/*.fwe        the log of acts: who did what, each signed by the centre and chained; acts/*.jsonl for people (where asked for)
  readings/*.csv    the same readings for people; verification compares each line with the originals

The format: docs/evidence.md in Farwatch's repository.
`

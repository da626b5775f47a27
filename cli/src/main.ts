import { FarwatchError, messageOf } from '@farwatch/model'
import { ConfigError } from '@farwatch/runtime'
import { type AnchorOptions, anchorOptions } from './anchor-options.ts'
import { backupOptions, restoreOptions } from './backup/options.ts'
import { exportOptions, verifyOptions } from './evidence-options.ts'
import { keysOptions } from './keys-options.ts'
import { accountsOptions, doctorOptions, enrolOptions, gatewayOptions, upOptions } from './options.ts'

const help = `Farwatch: off-site supervision of enterprises

  farwatch up        the whole platform in one process (npm start)
      --home DIR         data folder                                (default ./data)
      --http [HOST:]PORT console                                    (default 127.0.0.1:8080)
      --mqtt [HOST:]PORT listener for gateways and devices          (default 127.0.0.1:1883)
      --no-sim           without the simulated city: waits for real devices
      --config DIR       registry.yaml, rules/*.yaml, gateways/*.yaml (default: the city's, or HOME/config)
      --gateway FILE     runs this gateway in the same process; may be repeated
  farwatch gateway   one gateway, at the enterprise
      --config FILE      what it is connected to, and its bounds: journal {maxBytes 4 GiB, maxAgeDays 30},
                         batch {lingerMs 50}, backfill {bytesPerSecond 4 MiB} (gateway/README.md)
      --home DIR         its journal and key                        (default ./gateway-data)
  farwatch enrol GATEWAY [--home DIR]
                     lets a gateway in at the centre and prints its password, once
  farwatch enrol DEVICE --site SITE [--home DIR]
                     the same for a device that publishes telemetry/SITE/... itself
  farwatch doctor --database [URL] [--json]
                     what a database server (default DATABASE_URL) is fit for, tried out
  farwatch accounts reset ID [--home DIR]
                     unlocks an account and prints a new one-time password, once; without its second factor
  farwatch keys list [--public] [--home DIR]
                     signing keys and their lives; --public: as "farwatch verify --keys" takes them
  farwatch keys enrol GATEWAY PUBLICKEY [--home DIR]
                     takes a key that a gateway shows into the directory by hand
  farwatch keys revoke GATEWAY KEYID [--from TIME] --reason TEXT [--home DIR]
                     what the key signs is refused from then on
  farwatch keys rotate GATEWAY --home GATEWAYDIR
                     gives a gateway that is stopped a new key that the old one vouches for
  farwatch anchor now [--home DIR]
                     signs where all chains stand and brings it outside, besides the daily anchor
  farwatch anchor verify FOLDER --keys FILE [--tsa-roots PEM]
                     checks a copy of the anchors; --keys: from "farwatch keys list --public"
  farwatch export --out FILE.zip [--home DIR] [--from TIME] [--to TIME] [--gateway G | --site S | --point KEY]
                     the originals as evidence that a third person can verify; the platform may run meanwhile
  farwatch export --acts --out FILE.zip [--home DIR] [--from TIME] [--to TIME]
                     the log of acts instead: who did what
  farwatch verify FILE.zip [--keys FILE] [--anchors FOLDER] [--tsa-roots PEM] [--json] [--lang zh|en]
                     verifies an export offline; exit code 1 where anything was changed
  farwatch verify --home DIR [--database URL] [--anchors FOLDER] [--from TIME] [--to TIME] [--json]
                     verifies the log of acts and compares the database with the originals; an embedded one while the platform does not run
  farwatch backup --to FILE|FOLDER [--home DIR]
                     everything that cannot be rebuilt, in one tar file; the platform may run meanwhile
  farwatch restore FILE --home EMPTYDIR [--database URL]
                     a data folder out of a backup; the database is rebuilt from the originals
  farwatch sim       the simulated city alone, for a centre elsewhere

Environment: DATABASE_URL, FARWATCH_HOME, FARWATCH_HTTP_PORT, FARWATCH_MQTT_PORT, FARWATCH_ADMIN_TOKEN, FARWATCH_TLS_CERT, FARWATCH_TLS_KEY,
FARWATCH_ALLOWED_HOSTS, FARWATCH_GATEWAY_PASSWORD, FARWATCH_WEBHOOK_URL, FARWATCH_WEBHOOK_SECRET,
FARWATCH_ANCHOR_FOLDER, FARWATCH_ANCHOR_WEBHOOK_URL, FARWATCH_ANCHOR_WEBHOOK_SECRET, FARWATCH_ANCHOR_TSA_URL,
FARWATCH_ANCHOR_TSA_ROOTS, FARWATCH_OIDC_ISSUER, FARWATCH_OIDC_CLIENT_ID, FARWATCH_OIDC_CLIENT_SECRET,
FARWATCH_OIDC_ORIGIN, FARWATCH_OIDC_NAME, FARWATCH_OIDC_CLAIM, FARWATCH_OIDC_GRANTS, FARWATCH_LOG_LEVEL, MAPBOX_TOKEN
`

const endWithinMs = 2_000

/** Runs one command; sets the exit code. Each loads what it needs: whoever verifies an export needs no platform. */
export async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args
  try {
    switch (command) {
      case 'up':
        return await (await import('./up.ts')).up(upOptions(rest, process.env))
      case 'gateway':
        return await (await import('./gateway.ts')).runGateway(gatewayOptions(rest, process.env))
      case 'enrol':
        return await (await import('./enrol.ts')).enrol(enrolOptions(rest, process.env))
      case 'accounts':
        return await (await import('./accounts.ts')).accounts(accountsOptions(rest, process.env))
      case 'doctor':
        return await (await import('./doctor/doctor.ts')).doctor(doctorOptions(rest, process.env))
      case 'keys':
        return await (await import('./keys.ts')).keys(keysOptions(rest, process.env))
      case 'anchor':
        return await anchor(anchorOptions(rest, process.env))
      case 'export':
        return await (await import('./export.ts')).exportEvidence(exportOptions(rest, process.env))
      case 'verify':
        if (rest.some((option) => /^--(home|database)\b/.test(option)))
          return await (await import('./verify-database.ts')).verifyDatabase(rest, process.env)
        return await (await import('./verify.ts')).verify(verifyOptions(rest, process.env))
      case 'backup':
        return await (await import('./backup/backup.ts')).backup(backupOptions(rest, process.env))
      case 'restore':
        return await (await import('./backup/restore.ts')).restore(restoreOptions(rest, process.env))
      case 'sim':
        await (await import('@farwatch/firmware-sim')).runCity(rest)
        return
      case undefined:
      case 'help':
      case '--help':
      case '-h':
        process.stdout.write(help)
        return
      default:
        throw new FarwatchError(
          'bad-usage',
          `unknown command "${command}"; "farwatch --help" lists what there is`,
        )
    }
  } catch (error) {
    process.stderr.write(
      `Farwatch cannot ${command === 'up' || command === 'gateway' ? 'start' : 'do that'}.\n${explain(error)}\n`,
    )
    process.exitCode = 1
    // What had been opened has been closed; should something hold the process all the same, it ends here.
    setTimeout(() => process.exit(1), endWithinMs).unref()
  }
}

async function anchor(options: AnchorOptions): Promise<void> {
  if (options.act === 'now') return (await import('./anchor-now.ts')).anchorNow(options.home)
  return (await import('./anchor-verify.ts')).verifyAnchors(options)
}

/** For a person: what is ours in its own words, anything else with its stack, because it is a fault. */
function explain(error: unknown): string {
  if (error instanceof ConfigError)
    return error.problems.length > 1 ? `${error.problems.length} mistakes:\n${error.message}` : error.message
  if (error instanceof FarwatchError) return error.message
  return error instanceof Error && error.stack ? error.stack : messageOf(error)
}

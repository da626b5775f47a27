/** What reads bytes from outside, for whoever tries to break it. */
export { DriverError } from './driver.ts'
export { ModbusAddress } from './drivers/modbus/address.ts'
export { ModbusConnection } from './drivers/modbus/connection.ts'
export { decode as decodeModbus } from './drivers/modbus/decode.ts'
export { MqttAddress } from './drivers/mqtt/address.ts'
export { type Parsed, parsePayload } from './drivers/mqtt/payload.ts'
export { createWindow } from './uplink/window.ts'

"""A Modbus TCP server on pymodbus for the tests: prints its port, answers unit 1 only, and counts up in register 20.

Map of unit 1, zero based: holding 0..1 float32 21.5 (ABCD), 2..3 the same in CDAB, 4 int16 -40, 5 uint16 with bit 2 set;
input 0..1 int32 -123456; coils 0..9 alternating from 1; discrete 0 set. Nothing else exists.
"""
import asyncio
import struct

from pymodbus.datastore import (
    ModbusServerContext,
    ModbusSlaveContext,
    ModbusSparseDataBlock,
)
from pymodbus.server.async_io import ModbusTcpServer


def words(form, value):
    data = struct.pack(form, value)
    return list(struct.unpack(">%dH" % (len(data) // 2), data))


def block(values):
    # pymodbus shifts addresses by one unless zero_mode is set.
    return ModbusSparseDataBlock(values)


def main_context():
    single = words(">f", 21.5)
    holding = dict(enumerate(single + single[::-1] + [0x10000 - 40, 0b100]))
    holding[20] = 0
    slave = ModbusSlaveContext(
        di=block({0: 1}),
        co=block({i: (i + 1) % 2 for i in range(10)}),
        hr=block(holding),
        ir=block(dict(enumerate(words(">i", -123456)))),
        zero_mode=True,
    )
    return ModbusServerContext(slaves={1: slave}, single=False)


async def main():
    context = main_context()
    server = ModbusTcpServer(context, address=("127.0.0.1", 0), ignore_missing_slaves=True)
    serving = asyncio.ensure_future(server.serve_forever())
    while server.server is None or not server.server.sockets:
        await asyncio.sleep(0.01)
    print("PORT %d" % server.server.sockets[0].getsockname()[1], flush=True)
    count = 0
    while not serving.done():
        await asyncio.sleep(0.1)
        count += 1
        context[1].setValues(3, 20, [count % 65536])


asyncio.run(main())

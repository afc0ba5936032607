// An RP2040, emulated by rp2040js, as a guest (docs/guest-protocol.md, docs/chip.md): it executes the build in a UF2 file
// from its second-stage boot loader on. One process is one boot. The chip runs only within what the world has granted; its
// own time is the cost of everything.
//
//     node chip.mjs RP2040JS UF2 BOOTROM [misses]
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , emulator, uf2, bootrom, misses] = process.argv;
const part = (...names) => import(pathToFileURL(path.join(emulator, 'dist', 'esm', ...names)).href);
const { RP2040, USBCDC } = await part('index.js');
const { SimulationClock } = await part('clock', 'simulation-clock.js');

const READ_FD = 3;
const WRITE_FD = 4;
const FLASH_BASE = 0x10000000;
const FLASH_BYTES = 2 * 1024 * 1024;
const BLOCK = 4096;
const PAGE = 256;
const ROM_BYTES = 0x4000;
const READ_AT_ONCE = 256 * 1024;
const CDC_PACKET = 64;
const SHOWN_BYTES = 512; // as many of what came in does a grant show
const XIP_CACHED = 0x10;
const XIP_SETS = 1024;
const MISS_CYCLES = 49; // a line of 8 bytes over four lines at half the clock: an upper side
const UART_TRANSMITTED = 1 << 5;
const I2C_BYTE_NS = 9 * 2500; // eight bits and the acknowledge, at 400 kHz
const COUNTER = 0x10; // a register that every part has
const ANSWER_BYTES = [8, 4]; // what registers of the parts on the bus hold, the most first
const BREAKPOINT = 0xbe00;
const FUNCTION_ERASE = 'RE';
const FUNCTION_PROGRAM = 'RP';
const ROM_SILENT = ['IF', 'EX', 'FC']; // what they do to the flash's pins no emulator has
const WATCHDOG_LOAD = 0x04;
const REASON_TIMER = 1;
const REASON_FORCE = 2;
const READ_UNIQUE_ID = 0x4b;
const IO_QSPI_SS_CTRL = 0x0c;
const OUTPUT_LOW = 2;

// --- the world ---

let unread = Buffer.alloc(0);
let baseUs = 0; // the world's time when the chip's clock was 0
let worldUs = 0;
let untilUs = 0;
let stopNs = 0;
let happened = -1;
let stale = true; // the world has moved: what the inputs are has to be asked
let attention = false; // the chip has to stop: inputs are stale, bytes wait for an endpoint, the clocks changed
let received = []; // what has come in, as far as it is shown
let cut = false; // more than that may have
let taken = 0;
let granted = false;

// Time is the number of cycles that the core has counted, so that nothing is added up at each instruction.
let fromNs = 0;
let cycleNs = 0;
let core = { cycles: 0 };

class CycleClock extends SimulationClock {
  // rounded, so that a time which was set is read again
  get nanosCounter() {
    return Math.round((fromNs + core.cycles * cycleNs) * 1024) / 1024;
  }

  set nanosCounter(ns) {
    fromNs = ns - core.cycles * cycleNs;
  }

  linkAlarm(ns, alarm) {
    attention = true; // it may be the next one
    return super.linkAlarm(ns, alarm);
  }
}

const clock = new CycleClock();
const chip = new RP2040(clock);
core = chip.core;
chip.addClockListener(setPace);

// The divider works beside the core, which the port has wait: its cycles are counted already.
const divide = chip.sio.updateHardwareDivider.bind(chip.sio);
chip.sio.updateHardwareDivider = (signed) => {
  const { cycles } = core;
  divide(signed);
  core.cycles = cycles;
};

function setPace(hz) {
  const ns = clock.nanos;
  cycleNs = 1e9 / hz;
  clock.nanosCounter = ns;
  attention = true;
}
const nowUs = () => baseUs + Math.floor(clock.nanos / 1000);

function readLine() {
  for (;;) {
    const end = unread.indexOf(10);
    if (end >= 0) {
      const line = unread.subarray(0, end).toString();
      unread = unread.subarray(end + 1);
      return line;
    }
    const chunk = Buffer.alloc(1 << 20);
    let n = 0;
    try {
      n = fs.readSync(READ_FD, chunk);
    } catch (e) {
      if (e.code === 'EAGAIN') continue;
      throw e;
    }
    if (!n) process.exit(0); // the board was reset, or has no power
    unread = Buffer.concat([unread, chunk.subarray(0, n)]);
  }
}

function say(request) {
  fs.writeSync(WRITE_FD, `${JSON.stringify(request)}\n`);
}

function sync() {
  const now = Math.min(nowUs(), untilUs);
  if (granted && (now > worldUs || taken)) {
    say(['sync', now, -1, taken]);
    taken = 0;
  }
}

function ask(...request) {
  sync();
  say(request);
  const [kind, value, grant] = JSON.parse(readLine());
  if (grant) take(grant);
  return kind === 'ok' ? value : null;
}

function take([now, until, count, , rx]) {
  worldUs = now;
  untilUs = until;
  const before = stopNs;
  stopNs = (until - baseUs) * 1000;
  if (stopNs < before) attention = true;
  if (count !== happened) {
    happened = count;
    stale = attention = true;
  }
  if (rx !== null) {
    received = [...Buffer.from(rx, 'hex')];
    attention = true;
    cut = received.length >= SHOWN_BYTES;
  }
}

// Time has passed in the world that the core has not lived through: flash that was written.
function catchUp() {
  const behindNs = (worldUs - baseUs) * 1000 - clock.nanos;
  if (behindNs <= 0) return;
  clock.tick(behindNs);
  attention = true; // what is due is nearer now
}

// --- the chip ---

const facts = ask('facts');
granted = true;
ask('grants');
baseUs = worldUs;
stopNs = (untilUs - baseUs) * 1000;

const quiet = () => {};
process.on('SIGINT', quiet); // a terminal's Ctrl-C is for the command, which ends us
console.warn = quiet; // the SIO does not use the logger
chip.logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const rom = fs.readFileSync(bootrom);
chip.loadBootrom(new Uint32Array(rom.buffer.slice(rom.byteOffset, rom.byteOffset + rom.length)));
const build = fs.readFileSync(uf2);
for (let at = 0; at < build.length; at += 512) {
  const size = build.readUInt32LE(at + 16);
  chip.flash.set(build.subarray(at + 32, at + 32 + size), build.readUInt32LE(at + 12) - FLASH_BASE);
}
const filesAt = FLASH_BYTES - facts.blocks * facts.block_bytes;
for (let at = 0; at < facts.blocks * facts.block_bytes; at += READ_AT_ONCE) {
  const size = Math.min(READ_AT_ONCE, facts.blocks * facts.block_bytes - at);
  chip.flash.set(Buffer.from(ask('flash_read', at, size), 'hex'), filesAt + at);
}

const watchdog = chip.peripherals[0x40058];
watchdog.reason = ask('reset_cause') === 1 ? 0 : REASON_FORCE;
const kept = Buffer.from(ask('retained'), 'hex');
for (let i = 0; i < kept.length / 4; i++) watchdog.scratchData[i] = kept.readUInt32LE(4 * i);
watchdog.onWatchdogTrigger = () => {
  const scratch = Buffer.alloc(32);
  for (let i = 0; i < 8; i++) scratch.writeUInt32LE(watchdog.scratchData[i], 4 * i);
  ask('retain', scratch.toString('hex'));
  sync();
  say([watchdog.reason === REASON_TIMER ? 'watchdog_bite' : 'machine_reset']);
  readLine(); // there is no answer: the process ends with the boot
};

let fedNs = null;
let unfedUs = 0;
const writeWatchdog = watchdog.writeUint32.bind(watchdog);
watchdog.writeUint32 = (offset, value) => {
  if (offset === WATCHDOG_LOAD) {
    const us = fedNs === null ? 0 : Math.floor((clock.nanos - fedNs) / 1000);
    fedNs = clock.nanos;
    if (us > unfedUs) ask('unfed', (unfedUs = us));
  }
  writeWatchdog(offset, value);
};

// --- pins: the world resolves what drives them from outside ---

const pins = facts.wired.map((gpio) => [gpio, chip.gpio[gpio]]);
const drives = (pin) => pin.outputEnable;
for (const [gpio, pin] of pins) {
  pin.addListener(() => {
    const pull = pin.pullupEnabled ? 1 : pin.pulldownEnabled ? 2 : 0;
    const level = drives(pin) ? Number(pin.outputValue) : null;
    ask('pin_configure', gpio, drives(pin) ? 1 : 0, pull, level);
    stale = attention = true;
  });
}

function refreshInputs() {
  stale = false;
  for (const [gpio, pin] of pins) {
    const level = Boolean(ask('pin_read', gpio));
    if (level !== pin.rawInputValue) pin.setInputValue(level);
  }
}

const sampled = chip.adc.onADCRead;
chip.adc.onADCRead = (channel) => {
  if (channel < 4) chip.adc.channelValues[channel] = ask('adc_read', 26 + channel) >> 4;
  sampled(channel);
};

// --- I2C: a register is written, then bytes are read ---

for (const bus of chip.i2c) {
  const later = (action) => {
    const alarm = clock.createAlarm(action);
    return () => alarm.schedule(I2C_BYTE_NS);
  };
  let address = 0;
  let register = 0;
  let answer = [];
  let value = 0;
  let there = false;
  const connected = later(() => bus.completeConnect(there));
  const written = later(() => bus.completeWrite(true));
  const read = later(() => bus.completeRead(value));
  bus.onConnect = (target) => {
    if (target !== address) answer = [];
    address = target;
    there = ask('i2c_read', target, COUNTER, 4) !== null;
    connected();
  };
  bus.onWriteByte = (byte) => {
    register = byte;
    answer = [];
    written();
  };
  bus.onReadByte = () => {
    if (!answer.length) {
      const found = ANSWER_BYTES.map((n) => ask('i2c_read', address, register, n)).find((hex) => hex !== null);
      answer = [...Buffer.from(found ?? 'ff', 'hex')];
    }
    value = answer.shift();
    read();
  };
}

// --- UART: the world's part answers to bytes; those that it answers come in as fast as the line is ---

chip.uart.forEach((uart, number) => {
  // the emulator's transmitter interrupts for ever; the chip's when a byte has left
  uart.checkInterrupts = () => chip.setInterrupt(uart.irq, Boolean(uart.interruptStatus & uart.interruptMask));
  const answer = [];
  const arrives = clock.createAlarm(() => {
    if (!uart.rxFIFO.full) uart.feedByte(answer.shift());
    if (answer.length) arrives.schedule(byteNs());
  });
  const byteNs = () => 10e9 / uart.baudRate;
  uart.onByte = (byte) => {
    if (!uart.baudDivider) return;
    ask('uart_write', number, Buffer.of(byte).toString('hex'), uart.baudRate);
    catchUp();
    uart.interruptStatus |= UART_TRANSMITTED;
    uart.checkInterrupts();
    const waiting = ask('uart_any', number);
    if (!waiting) return;
    if (!answer.length) arrives.schedule(byteNs());
    answer.push(...Buffer.from(ask('uart_read', number, waiting), 'hex'));
  };
});

// --- the flash chip's own commands: its serial number ---

const ssi = chip.peripherals[0x18000];
let sent = [];
let answers = [];
const readSsi = ssi.readUint32.bind(ssi);
const writeSsi = ssi.writeUint32.bind(ssi);
ssi.readUint32 = (offset) => (offset === 0x60 && answers.length ? answers.shift() : readSsi(offset));
ssi.writeUint32 = (offset, value) => {
  if (offset === 0x60 && selected) {
    sent.push(value & 0xff);
    const byte = sent[0] === READ_UNIQUE_ID ? serial[sent.length - 6] : 0;
    answers.push(byte ?? 0);
    return;
  }
  writeSsi(offset, value);
};
const serial = Buffer.from(facts.unique_id, 'hex');
let selected = false;
const select = chip.peripherals[0x40018];
const writeSelect = select.writeUint32.bind(select);
select.writeUint32 = (offset, value) => {
  if (offset === IO_QSPI_SS_CTRL) {
    selected = ((value >> 8) & 3) === OUTPUT_LOW;
    if (selected) sent = [];
    answers = [];
  }
  writeSelect(offset, value);
};

// --- XIP: a cache of 16 KiB, two ways of 8-byte lines, if its misses are to cost something ---

const recent = new Int32Array(XIP_SETS);
const older = new Int32Array(XIP_SETS);

function forgetCache() {
  recent.fill(-1);
  older.fill(-1);
}

function readThrough(address) {
  if (address >>> 24 !== XIP_CACHED) return;
  const line = address >>> 3;
  const set = line % XIP_SETS;
  if (recent[set] === line) return;
  if (older[set] !== line) core.cycles += MISS_CYCLES;
  older[set] = recent[set];
  recent[set] = line;
}

forgetCache();
if (misses) {
  for (const name of ['readUint32', 'readUint16', 'readUint8']) {
    const read = chip[name].bind(chip);
    chip[name] = (address) => {
      readThrough(address);
      return read(address);
    };
  }
}

// --- flash: what the ROM does is done by the world, with its times and tears ---

const hooks = [];
for (let at = chip.readUint16(0x14); chip.readUint16(at); at += 4) {
  const code = chip.readUint16(at);
  const name = String.fromCharCode(code & 0xff, code >> 8);
  const entry = chip.readUint16(at + 2) & ~1;
  if (name === FUNCTION_ERASE) hook(entry, erase);
  if (name === FUNCTION_PROGRAM) hook(entry, program);
  if (ROM_SILENT.includes(name)) hook(entry, quiet);
}

// A breakpoint in the place of the function's first instruction: looking at each address would cost more.
function hook(entry, action) {
  const word = chip.bootrom[entry >> 2];
  const code = BREAKPOINT | hooks.length;
  chip.bootrom[entry >> 2] = entry & 2 ? (word & 0xffff) | (code << 16) : (word & ~0xffff) | code;
  hooks.push(action);
}
chip.onBreak = (code) => {
  if (core.PC >= ROM_BYTES) return; // the program's own
  hooks[code](core.registers);
  core.PC = core.LR & ~1;
};

function erase([from, bytes]) {
  forgetCache();
  for (let at = from; at < from + bytes; at += BLOCK) {
    if (at >= filesAt) ask('flash_erase', (at - filesAt) / BLOCK);
    chip.flash.fill(0xff, at, at + BLOCK);
    catchUp();
  }
}

function program([to, source, bytes]) {
  forgetCache();
  const data = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) data[i] = chip.readUint8(source + i);
  for (let at = 0; at < bytes; at += PAGE) {
    const page = data.subarray(at, at + PAGE);
    if (to + at >= filesAt) ask('flash_program', to + at - filesAt, page.toString('hex'));
    for (let i = 0; i < page.length; i++) chip.flash[to + at + i] &= page[i];
    catchUp();
  }
}

// --- the console: USB, which the port starts after boot.py ---

const usb = new USBCDC(chip.usbCtrl);
let armed = 0;
const own = []; // bytes that came before those that are shown, and are the world's no more
usb.onSerialData = (bytes) => ask('stdout_bytes', Buffer.from(bytes).toString('hex'));
chip.usbCtrl.onEndpointRead = (endpoint, size) => {
  if (endpoint !== usb.outEndpoint) return;
  armed = Math.min(size, CDC_PACKET);
  attention = true;
};

function feed() {
  // a grant shows only the first of what waits: the rest is read byte by byte
  while (!received.length && own.length < armed && cut) {
    if (ask('stdin_poll', 0)) own.push(ask('stdin_read'));
    else cut = false;
  }
  const packet = own.splice(0, armed);
  const shown = received.splice(0, armed - packet.length);
  taken += shown.length;
  packet.push(...shown);
  if (!packet.length) return;
  armed = 0;
  chip.usbCtrl.endpointReadDone(usb.outEndpoint, Uint8Array.from(packet));
}

const waits = () => own.length || received.length || cut;

// --- life ---

// Until the world has something to say, or something in the chip wants its attention.
function live() {
  while (!attention) {
    const dueNs = Math.min(clock.nextAlarm?.nanos ?? Infinity, stopNs);
    if (core.waiting) {
      clock.tick(Math.max(0, dueNs - clock.nanos));
    } else {
      const due = (dueNs - fromNs) / cycleNs;
      do core.executeInstruction();
      while (core.cycles < due && !attention && !core.waiting);
      clock.tick(0);
    }
    if (clock.nanos >= stopNs) return;
  }
}

setPace(chip.clkSys);
core.PC = FLASH_BASE;
for (;;) {
  if (stale) refreshInputs();
  if (armed && waits()) feed();
  attention = false;
  live();
  if (clock.nanos >= stopNs) {
    ask('sleep_us', 0); // what is due happens
    catchUp();
  }
}

// A person's telephone: it reads the picture of a key, or has the key typed in, and makes codes.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import jsQR from 'jsqr';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function fromBase32(text) {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

/** The code of a key as it is shown to people, so many periods of 30 seconds from now (RFC 6238). */
export function code(key, periods = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + periods));
  const mac = createHmac('sha1', fromBase32(key.replaceAll(' ', ''))).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** What the camera reads from a picture on the page. */
export async function scan(page, picture) {
  const { data, width, height } = await page.locator(picture).evaluate(async (image) => {
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    return { data: [...data], width, height };
  });
  const read = jsQR(Uint8ClampedArray.from(data), width, height);
  assert.ok(read, 'the picture can be read');
  return new URL(read.data);
}

/** Sets a device up on the page that asks for it; gives its key. */
export async function setUp(page, label) {
  const key = (await scan(page, '#kc-totp-secret-qr-code')).searchParams.get('secret');
  await page.fill('#totp', code(key));
  await page.fill('#userLabel', label);
  await page.click('#saveTOTPBtn');
  return key;
}

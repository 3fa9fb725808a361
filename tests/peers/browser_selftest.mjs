// The browser helper refuses a page with known faults and accepts its sound neighbour.
import assert from 'node:assert';
import { inBrowser } from './browser.mjs';

const page = (body) => `data:text/html,<!doctype html><html lang=en><title>T</title><main><h1>T</h1>${body}</main></html>`;

await inBrowser({}, async (browser) => {
    const sound = await browser.open(page('<label>Name <input></label><button>Go</button>'));
    await browser.assertAccessible(sound);
    const faulty = await browser.open(page('<img src=x><input><button></button>'));
    await assert.rejects(browser.assertAccessible(faulty), /image-alt.*|button-name/);
});
await assert.rejects(inBrowser({}, async (browser) => {
    await browser.open(page('<script>missing()</script>'));
}), /script: missing is not defined/);
console.log('the browser refuses what it must');

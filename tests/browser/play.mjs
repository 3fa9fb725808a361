// Runs sentences in Chromium against a fresh mock each, in light and in dark where a picture is taken.
import assert from 'node:assert';
import { inBrowser } from '../peers/browser.mjs';
import { startMock } from './mock.mjs';

const bundle = process.argv[2];

export async function play(sentences) {
    const only = process.argv[3];
    const failed = [];
    await inBrowser({}, async (browser) => {
        for (const [sentence, test] of Object.entries(sentences)) {
            if (only && !sentence.includes(only)) continue;
            const gatehouse = await startMock(bundle);
            try {
                await test({ browser, gatehouse, look: lookWith(browser) });
                console.log(`ok: ${sentence}`);
            } catch (error) {
                failed.push(sentence);
                console.log(`FAILED: ${sentence}\n${error.stack}`);
            } finally {
                await Promise.all(browser.chrome.contexts().map((context) => context.close()));
                await gatehouse.close();
            }
        }
    });
    assert.deepStrictEqual(failed, []);
}

// A picture in each colour scheme, and no accessibility fault in either.
export const lookWith = (browser) => (page, name) => look(browser, page, name);

async function look(browser, page, name) {
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await browser.assertAccessible(page, colorScheme === 'dark' ? ['color-contrast'] : undefined);
        await browser.picture(page, `${name}-${colorScheme}`);
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name}: ${overflow} pixels too wide`);
}

export async function signIn(browser, gatehouse, email, context = {}, path = '/login?return=%2F') {
    const page = await browser.open(`${gatehouse.url}${path}`, context);
    await page.getByLabel('E-mail address').fill(email);
    await page.keyboard.press('Enter');
    await page.getByLabel('Password').fill(gatehouse.password);
    await page.keyboard.press('Enter');
    return page;
}

export const PHONE = { viewport: { width: 360, height: 720 } };

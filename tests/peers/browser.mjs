// Chromium for tests, run through tests/peers/node. Fails a test whose page has a script error, a refused request, or an
// accessibility fault.
//
//     await inBrowser({ ca: 'ca.crt' }, async (browser) => {
//         const page = await browser.open('http://127.0.0.1:8080/login');
//         await page.fill('#email', 'dwho@example.org');
//         await browser.assertAccessible(page);
//         await browser.picture(page, 'login');
//     });
import fs from 'node:fs';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const pictures = process.env.PICTURES; // folder for screenshots; none when unset

function describe(violation) {
    return `${violation.id} (${violation.impact}): ${violation.nodes.map((node) => node.target.join(' ')).join(', ')}`;
}

export async function inBrowser(options, test) {
    const chrome = await chromium.launch({
        executablePath: '/usr/bin/chromium', // playwright-core brings none
        args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', ...(options.args ?? [])],
    });
    const faults = [];
    const browser = {
        chrome,
        faults, // a test that provokes one takes it out
        async open(url, context = {}) { // one person: a context of their own
            const person = await chrome.newContext({
                viewport: { width: 1100, height: 720 }, ignoreHTTPSErrors: options.ignoreHttpsErrors ?? true, ...context,
            });
            if (options.timeout) person.setDefaultTimeout(options.timeout);
            const page = await person.newPage();
            page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
            page.on('console', (message) => {
                if (/Content Security Policy/.test(message.text())) faults.push(`policy: ${message.text()}`);
            });
            await page.goto(url);
            return page;
        },
        async assertAccessible(page, only) { // [rule]: a second look at a page that differs in little
            const builder = new AxeBuilder({ page });
            const { violations } = await (only ? builder.withRules(only) : builder.withTags(RULES)).analyze();
            if (violations.length > 0) {
                throw new Error(`${page.url()}: ${violations.map(describe).join('; ')}`);
            }
        },
        async picture(page, name) {
            if (pictures) {
                fs.mkdirSync(pictures, { recursive: true });
                await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
            }
        },
    };
    try {
        await test(browser);
        if (faults.length > 0) throw new Error(faults.join('\n'));
    } finally {
        await chrome.close();
    }
}

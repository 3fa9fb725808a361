// The messenger page, alone: talking, losing the connection, losing access.
import assert from 'node:assert';
import { PHONE, play, signIn } from './play.mjs';

const carol = (browser, gatehouse, context) => signIn(browser, gatehouse, 'carol.adams@acme.test', context);
const dana = (browser, gatehouse, context) => signIn(browser, gatehouse, 'dana.okafor@acme.test', context);
const connected = (page) => page.getByText('Connected', { exact: true }).waitFor();
const write = async (page, text) => {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
};
const textsOf = (page) => page.locator('.message:not(.pending) .text').allTextContents();

await play({
    async 'two people talk, and markup in a message is text'({ browser, gatehouse, look }) {
        const [one, two] = [await carol(browser, gatehouse), await dana(browser, gatehouse)];
        await connected(one);
        await connected(two);
        await write(one, 'Good morning!');
        await two.getByText('Good morning!').waitFor();
        await write(two, '<img src=x onerror=alert(1)> **hello**');
        await one.getByText('<img src=x onerror=alert(1)> **hello**').waitFor();
        await write(one, 'https://status.example/incident/4711 is green again, so we can go on with the roll-out after lunch.\nSecond line.');
        await two.getByText('Second line.').waitFor();
        await one.locator('.pending').waitFor({ state: 'detached' });
        assert.strictEqual((await textsOf(one)).length, 3);
        await look(one, 'messenger');
    },
    async 'Shift and Enter makes a new line, Enter sends, blanks are not sent'({ browser, gatehouse }) {
        const page = await carol(browser, gatehouse);
        await connected(page);
        await write(page, '   ');
        await page.getByLabel('Message', { exact: true }).pressSequentially('a');
        await page.keyboard.press('Shift+Enter');
        await page.keyboard.type('b');
        await page.keyboard.press('Enter');
        await page.locator('.message:not(.pending)').waitFor();
        assert.deepStrictEqual(await textsOf(page), ['a\nb']);
    },
    async 'a message for another conversation is counted, and a direct conversation can be started'({ browser, gatehouse, look }) {
        const [one, two] = [await carol(browser, gatehouse), await dana(browser, gatehouse)];
        await connected(one);
        await connected(two);
        await one.getByRole('button', { name: 'New message' }).click();
        await one.getByLabel('Search people').fill('Dan');
        await one.getByRole('button', { name: 'Eli Brandt' }).waitFor({ state: 'detached' });
        await look(one, 'messenger-people');
        await one.getByRole('button', { name: 'Dana Okafor' }).click();
        await one.getByRole('heading', { name: 'Dana Okafor' }).waitFor();
        await write(one, 'Only for you');
        const entry = two.getByRole('button', { name: 'Carol Adams' });
        await entry.waitFor();
        await write(one, 'and one more');
        await two.getByRole('button', { name: /Carol Adams 1 unread/ }).waitFor();
        await entry.click();
        await two.getByText('Only for you').waitFor();
        await two.getByText('and one more').waitFor();
    },
    async 'history comes in pages and keeps its order'({ browser, gatehouse }) {
        for (let i = 1; i <= 70; i++) gatehouse.say(i % 3 ? 'u2' : 'u3', `message ${i}`);
        const page = await carol(browser, gatehouse);
        await page.getByText('message 70', { exact: true }).waitFor();
        assert.strictEqual((await textsOf(page)).length, 50);
        await page.getByRole('button', { name: 'Earlier messages' }).click();
        await page.getByText('message 1', { exact: true }).waitFor();
        assert.deepStrictEqual(await textsOf(page), Array.from({ length: 70 }, (_, i) => `message ${i + 1}`));
        assert.strictEqual(await page.getByRole('button', { name: 'Earlier messages' }).count(), 0);
    },
    async 'after a lost connection everything missed arrives once, and what was written meanwhile is sent once'({ browser, gatehouse, look }) {
        const page = await carol(browser, gatehouse);
        await connected(page);
        await write(page, 'before');
        await page.locator('.message:not(.pending)').waitFor();
        gatehouse.state.faults.set('live', 503);
        gatehouse.drop();
        await page.getByText(/Reconnecting in/).waitFor();
        gatehouse.say('u2', 'missed');
        await write(page, 'written offline');
        await page.getByText('Sending…').waitFor();
        await look(page, 'messenger-offline');
        gatehouse.state.faults.clear();
        await page.getByText('missed').waitFor();
        await page.locator('.pending').waitFor({ state: 'detached' });
        assert.deepStrictEqual(await textsOf(page), ['before', 'missed', 'written offline']);
        assert.ok(gatehouse.state.seen.includes('/api/v1/live?resume=1')); // the last event it had
        assert.strictEqual(gatehouse.state.messages.length, 3);
    },
    async 'a restart (1012), a lost lease (1013) and a full house (4429) are waited out'({ browser, gatehouse }) {
        const page = await carol(browser, gatehouse);
        for (const code of [1012, 1013, 4429]) {
            await connected(page);
            gatehouse.drop(code);
            await page.getByText(/Reconnecting in/).waitFor();
        }
        const wait = Number(/in (\d+) s/.exec(await page.locator('.state').textContent())[1]);
        assert.ok(wait >= 5, `only ${wait} s after "too many"`);
    },
    async 'a reader that fell behind (4409) loads everything again and connects without a position'({ browser, gatehouse }) {
        const page = await carol(browser, gatehouse);
        await connected(page);
        await write(page, 'one');
        await page.locator('.message:not(.pending)').waitFor();
        gatehouse.state.messages.push({ ...gatehouse.state.messages[0], id: 'm2', nonce: 'n2', text: 'never announced', seq: 2 });
        gatehouse.state.seq = 2;
        gatehouse.state.seen.length = 0;
        gatehouse.drop(4409);
        await page.getByText('never announced').waitFor();
        await connected(page);
        assert.ok(gatehouse.state.seen.some((url) => url === '/api/v1/live'));
        gatehouse.say('u2', 'afterwards');
        await page.getByText('afterwards').waitFor();
    },
    async 'a message that is refused says so and can be tried again'({ browser, gatehouse }) {
        const page = await carol(browser, gatehouse);
        await connected(page);
        await write(page, 'refuse me');
        await page.getByText('Not sent (message.refused).').waitFor();
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.getByText('Not sent (message.refused).').waitFor();
    },
    async 'whoever is deactivated reads what happened, sees nothing of before and does not reconnect'({ browser, gatehouse, look }) {
        const page = await dana(browser, gatehouse);
        await connected(page);
        await write(page, 'confidential plan');
        await page.locator('.message:not(.pending)').waitFor();
        gatehouse.state.seen.length = 0;
        gatehouse.cut('u2', 'user.deactivated');
        const heading = page.getByRole('heading', { name: 'Your access has been withdrawn' });
        await heading.waitFor();
        assert.ok(await heading.evaluate((element) => element === document.activeElement));
        assert.ok(!(await page.content()).includes('confidential plan'));
        await page.evaluate(() => window.dispatchEvent(new Event('online')));
        await page.waitForTimeout(1500);
        assert.deepStrictEqual(gatehouse.state.seen.filter((url) => url.includes('live')), []);
        await look(page, 'notice-deactivated');
    },
    async 'every reason has its words, an unknown one too'({ browser, gatehouse }) {
        const words = {
            'session.revoked': 'You have been signed out', 'session.expired': 'Your session has expired', 'token.revoked': 'You have been signed out', 'org.suspended': 'Your organisation is suspended',
            'org.closing': 'Your organisation is closing', ['__proto__']: 'You have been signed out', 'made.later': 'You have been signed out',
        };
        for (const [reason, heading] of Object.entries(words)) {
            const page = await dana(browser, gatehouse);
            await connected(page);
            gatehouse.cut('u2', reason);
            await page.getByRole('heading', { name: heading }).waitFor();
            await page.context().close();
        }
    },
    async 'an open dialog does not hide the notice'({ browser, gatehouse }) {
        const page = await dana(browser, gatehouse);
        await connected(page);
        await page.getByRole('button', { name: 'New message' }).click();
        await page.getByRole('dialog').waitFor();
        gatehouse.cut('u2', 'user.deactivated');
        await page.getByRole('heading', { name: 'Your access has been withdrawn' }).waitFor();
        assert.strictEqual(await page.getByRole('dialog').count(), 0);
    },
    async 'access that was withdrawn while the window was offline is noticed on the way back'({ browser, gatehouse }) {
        const page = await dana(browser, gatehouse);
        await connected(page);
        gatehouse.state.sessions.clear();
        gatehouse.drop();
        await page.getByRole('heading', { name: 'You have been signed out' }).waitFor();
    },
    async 'nobody signed in is led to the sign-in page'({ browser, gatehouse }) {
        const page = await browser.open(`${gatehouse.url}/`);
        await page.getByLabel('E-mail address').waitFor();
        assert.strictEqual(new URL(page.url()).pathname, '/login');
    },
    async 'signing out ends the session and leads to the sign-in page'({ browser, gatehouse }) {
        const page = await carol(browser, gatehouse);
        await connected(page);
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByLabel('E-mail address').waitFor();
        assert.strictEqual(gatehouse.state.sessions.size, 0);
    },
    async 'history that cannot be loaded says so and can be tried again'({ browser, gatehouse, look }) {
        gatehouse.say('u2', 'here I am');
        gatehouse.state.faults.set('GET /api/v1/conversations/general/messages', 503);
        const page = await carol(browser, gatehouse);
        await page.getByRole('alert').waitFor();
        await look(page, 'messenger-fault');
        gatehouse.state.faults.clear();
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.getByText('here I am').waitFor();
    },
    async 'a message that is edited or deleted changes where it stands, and what was read is told'({ browser, gatehouse }) {
        const [first, second] = [gatehouse.say('u2', 'frist'), gatehouse.say('u2', 'a secret')];
        const page = await carol(browser, gatehouse);
        await page.getByText('frist').waitFor();
        await connected(page);
        gatehouse.announce('message.edited', { ...first, text: 'first', edited_at: new Date().toISOString() });
        await page.getByText('first (edited)').waitFor();
        gatehouse.announce('message.deleted', { ...second, text: '' });
        await page.getByText('This message was deleted.').waitFor();
        assert.ok(!(await page.content()).includes('a secret'));
        const third = gatehouse.say('u2', 'third');
        await page.getByText('third').waitFor();
        await page.waitForTimeout(100);
        assert.ok(gatehouse.state.seen.includes(`read general ${third.seq}`));
    },
    async 'what is said while the page opens is not lost'({ browser, gatehouse }) {
        gatehouse.say('u2', 'early');
        gatehouse.state.beforeHello = () => gatehouse.say('u2', 'in between');
        const page = await carol(browser, gatehouse);
        await page.getByText('in between').waitFor();
        assert.deepStrictEqual(await textsOf(page), ['early', 'in between']);
    },
    async 'what is said while the history is on its way is not lost'({ browser, gatehouse }) {
        gatehouse.say('u2', 'early');
        gatehouse.state.late = { call: 'GET /api/v1/conversations/general/messages', meanwhile: () => gatehouse.say('u2', 'meanwhile') };
        const page = await carol(browser, gatehouse);
        await page.getByText('early').waitFor();
        await page.getByText('meanwhile').waitFor();
        assert.deepStrictEqual(await textsOf(page), ['early', 'meanwhile']);
    },
    async 'without a live connection there is still the history'({ browser, gatehouse }) {
        gatehouse.say('u2', 'from yesterday');
        gatehouse.state.faults.set('live', 503);
        const page = await carol(browser, gatehouse);
        await page.getByText(/Reconnecting in/).waitFor();
        await page.getByText('from yesterday').waitFor();
    },
    async 'an event that comes twice counts once'({ browser, gatehouse }) {
        const said = gatehouse.say('u2', 'once');
        const page = await carol(browser, gatehouse);
        await connected(page);
        await page.getByText('once').waitFor();
        gatehouse.state.conversations.push({ id: 'd', kind: 'direct', members: ['u1', 'u2'] });
        gatehouse.say('u2', 'hello?', 'd');
        const entry = page.getByRole('button', { name: 'Dana Okafor' });
        await entry.waitFor(); // a conversation that was not known yet
        const event = gatehouse.announce('message.created', { ...said, id: 'm9', conversation: 'd', text: 'again' });
        await page.getByRole('button', { name: /Dana Okafor 1 unread/ }).waitFor();
        gatehouse.state.sockets.forEach((live) => live.send(event)); // after a resumed connection
        gatehouse.announce('message.created', said); // the history had it already
        gatehouse.say('u3', 'and on it goes');
        await page.getByText('and on it goes').waitFor();
        await page.getByRole('button', { name: /Dana Okafor 1 unread/ }).waitFor();
        assert.deepStrictEqual(await textsOf(page), ['once', 'and on it goes']);
    },
    async 'after an explicit resync everything is loaded again'({ browser, gatehouse }) {
        const page = await carol(browser, gatehouse);
        await connected(page);
        const missed = gatehouse.say('u2', 'arrived');
        await page.getByText('arrived').waitFor();
        gatehouse.state.messages.push({ ...missed, id: 'm2', nonce: 'n2', text: 'only in the history', seq: 5 });
        gatehouse.state.seq = 5;
        gatehouse.state.sockets.forEach((live) => live.send({ type: 'resync', seq: 5 }));
        await page.getByText('only in the history').waitFor();
        gatehouse.say('u2', 'number six');
        await page.getByText('number six').waitFor();
    },
    async 'a phone shows one thing at a time'({ browser, gatehouse, look }) {
        gatehouse.say('u2', 'Hello from the train');
        const page = await carol(browser, gatehouse, PHONE);
        await connected(page);
        await look(page, 'messenger-phone-list');
        await page.getByRole('button', { name: 'general' }).click();
        await page.getByText('Hello from the train').waitFor();
        await look(page, 'messenger-phone-talk');
        await page.getByRole('button', { name: 'All' }).click();
        await page.getByRole('button', { name: 'general' }).waitFor();
    },
    async 'an empty conversation invites to write'({ browser, gatehouse, look }) {
        const page = await carol(browser, gatehouse);
        await page.getByText('No messages yet').waitFor();
        await look(page, 'messenger-empty');
    },
});

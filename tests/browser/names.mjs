// A name server that knows TXT records, for the proof of a domain: names.mjs answers what `records` holds (RFC 1035).
import dgram from 'node:dgram';

export async function startNames(records) {
    const socket = dgram.createSocket('udp4');
    socket.on('message', (query, from) => {
        const { name, end } = question(query);
        const text = records.get(name);
        const answers = text === undefined ? [] : [txt(text)];
        const head = Buffer.from([query[0], query[1], 0x84, text === undefined ? 3 : 0, 0, 1, 0, answers.length, 0, 0, 0, 0]);
        socket.send(Buffer.concat([head, query.subarray(12, end), ...answers]), from.port, from.address);
    });
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

function question(query) {
    const labels = [];
    let at = 12;
    for (; query[at] !== 0; at += query[at] + 1) labels.push(query.toString('ascii', at + 1, at + 1 + query[at]));
    return { name: labels.join('.').toLowerCase(), end: at + 5 };
}

function txt(text) {
    const data = Buffer.from(text);
    return Buffer.concat([Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, data.length + 1, data.length]), data]);
}

// The server's end of a WebSocket (RFC 6455), as much as a test needs: text, ping, close.
import crypto from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export function accept(request, socket, protocol) {
    const key = crypto.createHash('sha1').update(request.headers['sec-websocket-key'] + GUID).digest('base64');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${key}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`);
    const peer = { onText: () => {}, onClose: () => {}, send, close, drop: () => socket.destroy() };
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        for (let frame = read(bytes); frame; frame = read(bytes)) {
            bytes = bytes.subarray(frame.length);
            if (frame.opcode === 1) peer.onText(frame.payload.toString());
            if (frame.opcode === 8) socket.end();
        }
    });
    socket.on('error', () => {});
    socket.on('close', () => peer.onClose());
    function write(opcode, payload) {
        if (socket.destroyed) return;
        const head = payload.length < 126 ? Buffer.from([0x80 | opcode, payload.length])
            : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 255]);
        socket.write(Buffer.concat([head, payload]));
    }
    function send(value) {
        write(1, Buffer.from(JSON.stringify(value)));
    }
    function close(code, reason) {
        const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
        payload.writeUInt16BE(code);
        payload.write(reason, 2);
        write(8, payload);
        socket.end();
    }
    return peer;
}

function read(bytes) {
    if (bytes.length < 6) return null;
    let size = bytes[1] & 127;
    let at = 2;
    if (size === 126) {
        if (bytes.length < 8) return null;
        size = bytes.readUInt16BE(2);
        at = 4;
    }
    if (bytes.length < at + 4 + size) return null;
    const mask = bytes.subarray(at, at + 4);
    const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + size));
    for (let i = 0; i < size; i++) payload[i] ^= mask[i & 3];
    return { opcode: bytes[0] & 15, payload, length: at + 4 + size };
}

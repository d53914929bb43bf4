/** `kubectl port-forward …` in the world `install`: asks the world for it, and lasts until it is ended. */
import { connect } from 'node:net';

const words = process.argv.slice(2).filter((word) => word !== 'port-forward');
const at = words.findIndex((word) => word === '-n' || word === '--namespace');
const [, namespace = 'default'] = at < 0 ? [] : words.splice(at, 2);
const [target = '', ports = ''] = words.filter((word) => !word.startsWith('-'));
const socket = connect(process.env.FORWARD_SOCKET ?? '');
socket.write(`${namespace} ${target} ${ports}\n`);
socket.pipe(process.stderr);
socket.once('close', () => process.exit(1));

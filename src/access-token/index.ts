export { type SubjectPolicy, tokenSubject } from './subjects.ts';

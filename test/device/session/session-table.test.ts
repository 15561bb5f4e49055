import { SessionTable } from '../../../src/device/session/session-table.js';
import { checkSessions } from '../../../src/testing/conformance/sessions.js';

checkSessions({ describe, it }, 'a table in memory', () => new SessionTable({ sessionsMax: 5000, perClientMax: 100 }));

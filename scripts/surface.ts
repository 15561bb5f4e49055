/** Prints what the package exports, as test/surface.txt keeps it. */
import { surfaceText } from './api-surface.js';

process.stdout.write(surfaceText());

/** The release of this package; the build checks it against package.json. */
export const packageVersion = '0.1.0';

/* Pages that only carry words: signed out, errors. */

import { showSource } from "./footer";

void showSource();

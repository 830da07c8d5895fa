/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A shared object that is no plugin. */
int nothing_at_all(void);
int nothing_at_all(void)
{
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does nothing: what it costs to start and to end a program, linked dynamically or statically. */
int main(void)
{
	return 0;
}

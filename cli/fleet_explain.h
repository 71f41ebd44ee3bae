/* SPDX-License-Identifier: MIT */
/* `explain vm NAME --to HOST`. */
#ifndef LVL_CLI_FLEET_EXPLAIN_H
#define LVL_CLI_FLEET_EXPLAIN_H

int fleet_explain(int argc, char **argv); /* argv[0]: "vm" */

#endif

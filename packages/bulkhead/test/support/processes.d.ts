/** Whether there is such a process, and not only what is left of it until its parent asks. */
export declare function isRunning(pid: number): boolean;

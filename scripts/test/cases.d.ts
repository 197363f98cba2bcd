/** The files of a suite that declare cases for each level: what is of one level alone has run already, and would run again. */
export declare function casesOfEachLevel(project: string): readonly string[];

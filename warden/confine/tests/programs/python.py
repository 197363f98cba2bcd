import asyncio, multiprocessing, sqlite3, subprocess, tempfile, threading


async def child():
    process = await asyncio.create_subprocess_exec("echo", "async", stdout=subprocess.PIPE)
    print((await process.communicate())[0].decode().strip())


asyncio.run(child())
thread = threading.Thread(target=lambda: print("thread"))
thread.start()
thread.join()
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(sum(pool.map(abs, [-1, -2])))
database = sqlite3.connect("database")
database.execute("create table t (a)")
database.commit()
print(tempfile.TemporaryFile().write(b"abcd"))

// An alarm clock: asked to wait so many milliseconds, it says when they are over. In a worker, because browsers let the timers of a page
// that is not in front ring once a second or less, and those of workers in time.

onmessage = ({ data }: MessageEvent<number>) => {
  setTimeout(() => postMessage(undefined), data);
};
